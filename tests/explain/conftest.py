"""An older PostgreSQL beside the embedded one, where the machine has one (Debian's postgresql-15, say)."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from perfkit.demo.owner import give, owner, start
from tests import lacking

HOMES = Path("/usr/lib/postgresql")
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "autovacuum": "off",
    "max_parallel_workers_per_gather": "0",
}


def _programs() -> Path | None:
    found = sorted(path.parent for path in HOMES.glob("*/bin/initdb") if int(path.parts[-3]) < 18)
    return found[-1] if found else None


@pytest.fixture(scope="session")
def older_postgres() -> Iterator[str]:
    """The DSN of a superuser on a server before PostgreSQL 18, in a folder of its own that is deleted at the end."""
    programs = _programs()
    if programs is None:
        lacking.without(f"there is no older PostgreSQL below {HOMES}: install postgresql-15")
    with tempfile.TemporaryDirectory(prefix="perfkit-older-", ignore_cleanup_errors=True) as name:
        folder, run_by = Path(name), owner()
        give(folder, run_by)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        make = [str(programs / "initdb"), "-D", f"{folder}/data", "--auth=trust", "--username=postgres", "--no-sync"]
        log = folder / "postgres.log"
        assert start([*make, "--locale=C", "--encoding=UTF8"], run_by, log, environment).wait(60) == 0, log.read_text()
        options = [word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}")]
        serve = [str(programs / "postgres"), "-D", f"{folder}/data", "-k", str(folder), *options]
        server = start(serve, run_by, log, environment)
        try:
            dsn = f"postgresql://postgres@/postgres?host={folder}"
            _wait_for(dsn)
            yield dsn
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


def _wait_for(dsn: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
