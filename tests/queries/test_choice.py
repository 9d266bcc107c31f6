"""The best source that the server allows is taken; what stands against a better one is said with its remedy."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit import queries
from perfkit.demo.owner import give, owner, start
from perfkit.errors import DatabaseError
from perfkit.queries.pooler import is_pooled, note_on_pooler
from tests import lacking

if TYPE_CHECKING:
    from tests.conftest import PostgresServer


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("chosen")
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS modest")
        admin.execute("CREATE ROLE modest LOGIN")
    return address


def source_of(address: str) -> tuple[str, tuple[str, ...]]:
    chosen = queries.open_capture(address, 10.0)
    chosen.close()
    return chosen.source, chosen.notes()


def test_the_log_is_best(dsn: str) -> None:
    assert source_of(dsn) == ("log", ())


def test_who_may_not_read_the_log_gets_the_statistics_and_who_has_none_the_activity(dsn: str) -> None:
    modest = make_conninfo(dsn, user="modest")
    source, (log, statements) = source_of(modest)
    assert source == "activity"
    assert "GRANT pg_monitor" in log
    assert "CREATE EXTENSION pg_stat_statements" in statements
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE EXTENSION pg_stat_statements")
    assert source_of(modest)[0] == "statements"


def test_what_is_captured_carries_why_it_is_no_better(dsn: str) -> None:
    captured = queries.open_capture(make_conninfo(dsn, user="modest"), 10.0).collect()
    assert captured.source != "log"
    assert "GRANT pg_monitor" in captured.notes[0]


def test_a_source_that_is_asked_for_by_name_is_not_replaced(dsn: str) -> None:
    with pytest.raises(DatabaseError, match="its log"):
        queries.open_capture(make_conninfo(dsn, user="modest"), 10.0, source="log")


def test_who_is_not_reachable_is_asked_once() -> None:
    with pytest.raises(DatabaseError, match="does not let perfkit in"):
        queries.open_capture("postgresql://bob@127.0.0.1:1/erp", 10.0)


def test_a_direct_connection_is_not_taken_for_a_pooled_one(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        assert not is_pooled(connection)
        assert note_on_pooler(connection) is None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(params=["session", "transaction", "statement"])
def pooled(request: pytest.FixtureRequest, dsn: str) -> Iterator[str]:
    """The address of the same database through a real PgBouncer."""
    program = shutil.which("pgbouncer")
    if program is None:
        lacking.without("PgBouncer is not installed")
    facts, port = conninfo_to_dict(dsn), _free_port()
    folder = Path("/tmp") / f"perfkit-bouncer-{os.getpid()}"  # noqa: S108 (whoever runs it must get in; mode 0700)
    folder.mkdir(mode=0o700)
    run_by = owner()
    give(folder, run_by)
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "ini").write_text(
        f"[databases]\nchosen = host={facts['host']} port={facts['port']} user=postgres dbname=chosen\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
        f"auth_file = {folder}/users\npool_mode = {request.param}\nlogfile = {folder}/log\n"
    )
    bouncer = start([program, str(folder / "ini")], run_by, folder / "out.log", {})
    address = f"postgresql://postgres@127.0.0.1:{port}/chosen"
    try:
        for _ in range(200):
            try:
                psycopg.connect(address).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.05)
        yield address
    finally:
        bouncer.terminate()
        bouncer.wait()
        shutil.rmtree(folder)


def test_through_a_pooler_slow_sql_is_captured_and_what_cannot_be_known_is_said(pooled: str) -> None:
    capture = queries.open_capture(pooled, 10.0)
    with psycopg.connect(pooled, autocommit=True, prepare_threshold=None) as application:
        application.execute("SELECT pg_sleep(0.012), %s::text", ["pooled"])
    captured = capture.collect()
    assert any("pooler" in note for note in captured.notes)
    assert [query.parameter_sets[0].values for query in captured.queries] == [("pooled",)]
