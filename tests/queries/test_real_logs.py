"""Real servers, all forms at once: each form tells the same of the same statements."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from perfkit import queries
from perfkit.demo.owner import give, owner, start
from perfkit.errors import DatabaseError
from perfkit.queries.log_reading import read_logs
from perfkit.queries.server_log import LogCapture, open_capture
from tests import lacking
from tests.conftest import PostgresServer
from tests.queries.test_server_log import NASTY, only

DEBIAN = Path("/usr/lib/postgresql/15/bin")
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
SLOW = "SELECT pg_sleep(0.012), " + ", ".join(["%s::text"] * len(NASTY)) + " /* route='/a' */"
PLAIN = "SELECT pg_sleep(0.012)\n\tWHERE 'it''s \"so\", $1' <> ''"
FORMS = {"jsonlog": "*.json", "csvlog": "*.csv", "stderr": "*.log"}
WRITES_ALL = {"log_destination": "jsonlog,csvlog,stderr", "log_line_prefix": "%m [%p] %q%u@%d "}


def change(dsn: str, changes: dict[str, str | None]) -> None:
    """Change settings of the whole server (None: back to the file's) and wait until they are in force."""
    with psycopg.connect(dsn, autocommit=True) as admin:
        for name, value in changes.items():
            if value is None:
                admin.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
            else:
                admin.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        admin.execute("SELECT pg_reload_conf()")
        wanted = [(name, value) for name, value in changes.items() if value is not None]
        while any(admin.execute("SELECT current_setting(%s)", (n,)).fetchone() != (v,) for n, v in wanted):
            time.sleep(0.01)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """The folder of a cluster of Debian's PostgreSQL 15, as it comes but for its log; `running` starts it."""
    if not (DEBIAN / "postgres").exists():
        lacking.without("Debian's PostgreSQL 15 is not installed")
    folder = Path("/tmp") / f"perfkit-15-{os.getpid()}"  # noqa: S108 (sockets have short names; the mode is 0700)
    folder.mkdir(mode=0o700)
    give(folder, owner())
    initdb = [str(DEBIAN / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "--no-sync"]
    assert start(initdb, owner(), folder / "initdb.log", ENVIRONMENT).wait() == 0
    with (folder / "data" / "postgresql.conf").open("a") as conf:
        conf.write(
            f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nlogging_collector = on\nfsync = off\n"
            f"log_directory = '{folder}/logs'\nlog_filename = 'a.log'\nlog_min_duration_statement = 10\n"
            "log_destination = 'jsonlog,csvlog,stderr'\nlog_line_prefix = '%m [%p] %q%u@%d '\nlog_timezone = 'UTC'\n"
            "shared_preload_libraries = 'pg_stat_statements,auto_explain'\ncompute_query_id = on\n"
        )
    yield folder
    shutil.rmtree(folder)


@contextmanager
def running(folder: Path) -> Iterator[PostgresServer]:
    command = [str(DEBIAN / "postgres"), "-D", str(folder / "data")]
    server = start(command, owner(), folder / "out.log", ENVIRONMENT)
    dsn = f"postgresql://postgres@/postgres?host={folder}"
    try:
        _wait(dsn, server)
        yield PostgresServer(dsn, folder / "logs")
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown: what is connected is sent away
        server.wait()


@pytest.fixture(scope="module")
def debian(cluster: Path) -> Iterator[PostgresServer]:
    with running(cluster) as server:
        yield server


def _wait(dsn: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError("the server does not start")


@pytest.fixture(scope="module")
def embedded(postgres: PostgresServer) -> Iterator[PostgresServer]:
    dsn = postgres.fresh_database("real_logs")
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("ALTER DATABASE real_logs SET log_min_duration_statement = '10ms'")
    change(dsn, {**WRITES_ALL})
    yield PostgresServer(dsn, postgres.log_folder)
    change(dsn, dict.fromkeys(WRITES_ALL))


@pytest.fixture(params=["debian", "embedded"])
def server(request: pytest.FixtureRequest) -> PostgresServer:
    found: PostgresServer = request.getfixturevalue(request.param)
    return found


def capture_of(server: PostgresServer, form: str) -> LogCapture:
    """A capture that reads this form, whatever else the server writes."""
    capture = open_capture(server.dsn, 5.0)
    capture.settings.values["log_destination"] = form
    capture.offsets.update({file.name: file.stat().st_size for file in server.log_folder.glob(FORMS[form])})
    return capture


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_parameters_query_id_and_tags(server: PostgresServer, form: str) -> None:
    capture = capture_of(server, form)
    with psycopg.connect(server.dsn, autocommit=True) as application:
        application.execute(SLOW, NASTY)
        application.execute(PLAIN)
    captured = capture.collect()
    bound, plain = sorted(captured.queries, key=lambda query: "$1::text" not in query.statement)
    assert bound.parameter_sets[0].values == tuple(NASTY)
    assert (bound.tags, bound.user) == ({"route": {"/a": 1}}, "postgres")
    assert plain.statement == PLAIN
    assert captured.lines_unparsed == 0
    assert (bound.query_id is None) == (form == "stderr")


@pytest.mark.parametrize("form", FORMS)
def test_the_same_file_is_read_without_a_server(server: PostgresServer, form: str) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as application:
        application.execute("SELECT pg_sleep(0.012) AS without_a_server")
    time.sleep(0.3)
    names = sorted(map(str, server.log_folder.glob(FORMS[form])))
    found = read_logs(names)
    assert {kind.split()[0] for _, kind in found.kinds} == {form}
    assert any("without_a_server" in query.statement for query in found.queries)
    assert found.lines_unparsed <= 3  # of another form, written into this file when log_destination changed


@pytest.mark.parametrize("shape", ["text", "json"])
def test_auto_explain_gives_plans_and_counts_nothing_twice(server: PostgresServer, shape: str) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as application:
        application.execute("LOAD 'auto_explain'")
        for setting in ("log_min_duration = 10", "log_analyze = on", f"log_format = {shape}"):
            application.execute(sql.SQL(f"SET auto_explain.{setting}"))  # type: ignore[arg-type]
        capture = queries.open_capture(server.dsn, 5.0, source="log")
        application.execute("SELECT pg_sleep(0.012), %s::text", ["one"])
        query = only(capture.collect())
    assert (query.calls, query.parameter_sets[0].values) == (1, ("one",))
    assert query.plan is not None
    assert "Result" in query.plan


def test_where_only_auto_explain_logs_its_statements_are_captured_with_what_it_tells(server: PostgresServer) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as application:
        application.execute("LOAD 'auto_explain'")
        application.execute("SET auto_explain.log_min_duration = 10")
        application.execute("SET log_min_duration_statement = -1")
        capture = queries.open_capture(server.dsn, 5.0, source="log")
        application.execute("SELECT pg_sleep(0.012), %s::text", ["one"])
        query = only(capture.collect())
        values = [kept.values for kept in query.parameter_sets]
        assert values == ([("one",)] if application.info.server_version >= 160000 else [])
        assert query.calls == 1


def test_a_server_in_recovery_is_captured_and_told_where_extensions_are_made(
    cluster: Path, debian: PostgresServer
) -> None:
    """The last test: the server is stopped, and comes back as one that only reads."""
    with psycopg.connect(debian.dsn, autocommit=True) as admin:
        admin.execute("DROP EXTENSION IF EXISTS pg_stat_statements")
    copy = cluster / "standby"
    copy.mkdir(mode=0o700)
    give(copy, owner())
    backup = [str(DEBIAN / "pg_basebackup"), "-D", str(copy / "data"), "-h", str(cluster), "-U", "postgres", "-R"]
    assert start([*backup, "--checkpoint=fast", "--no-sync"], owner(), copy / "backup.log", ENVIRONMENT).wait() == 0
    with (copy / "data" / "postgresql.conf").open("a") as conf:
        conf.write(f"unix_socket_directories = '{copy}'\nlog_directory = '{copy}/logs'\n")
    with running(copy) as standby:
        capture = queries.open_capture(standby.dsn, 5.0)
        with psycopg.connect(standby.dsn, autocommit=True) as application:
            application.execute("SELECT pg_sleep(0.012), %s::text", ["read only"])
        assert only(capture.collect()).parameter_sets[0].values == ("read only",)
        with pytest.raises(DatabaseError) as caught:
            queries.open_capture(standby.dsn, 5.0, source="statements")
    assert "on the primary" in (caught.value.hint or "")
