"""What is seen in pg_stat_activity again and again becomes an estimate, and says that it is one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.queries.activity import Looks, open_capture

if TYPE_CHECKING:
    from tests.conftest import PostgresServer


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    return postgres.fresh_database("watched")


def test_a_statement_that_runs_long_is_seen_with_about_its_time(dsn: str) -> None:
    capture = open_capture(dsn, 10.0)
    with psycopg.connect(dsn, autocommit=True) as application:
        application.execute("SELECT pg_sleep(0.6), %s::int", [1])
    captured = capture.collect()
    (query,) = captured.queries
    assert (query.statement, query.calls, query.is_estimate) == ("SELECT pg_sleep(0.6), $1::int", 1, True)
    assert 200 < query.total_ms < 1500
    assert query.parameter_sets == ()
    assert "estimate" in captured.notes[0]


def test_a_role_without_rights_sees_its_own_and_is_told_the_grant_for_others(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS watcher")
        admin.execute("CREATE ROLE watcher LOGIN")
    watcher = make_conninfo(dsn, user="watcher")
    capture = open_capture(watcher, 10.0)

    def other() -> None:
        with psycopg.connect(dsn, autocommit=True) as admin:
            admin.execute("SELECT pg_sleep(0.4), 'admin'")

    beside = threading.Thread(target=other)
    beside.start()
    with psycopg.connect(watcher, autocommit=True) as application:
        application.execute("SELECT pg_sleep(0.4), 'own'")
    beside.join()
    captured = capture.collect()
    assert ["own" in query.statement for query in captured.queries] == [True]
    assert any("GRANT pg_read_all_stats" in note for note in captured.notes)


def test_a_statement_that_came_cut_off_cannot_be_run_by_mistake(dsn: str) -> None:
    capture = open_capture(dsn, 10.0)
    with psycopg.connect(dsn, autocommit=True) as application:
        application.execute(b"SELECT pg_sleep(0.4) " + b", 'padding'" * 500)
    captured = capture.collect()
    (query,) = captured.queries
    assert query.statement.rindex("/*") > query.statement.rfind("*/")
    assert query.parameter_sets == ()
    assert any("track_activity_query_size" in note for note in captured.notes)


def test_calls_are_executions_and_times_are_samples() -> None:
    looks = Looks()
    rows = [(7, 1.0, "SELECT 1", "bob", "5", False), (8, 1.0, "SELECT 1", "bob", "5", False)]
    for at in (1.0, 1.1):
        looks.add(rows, "erp", at, 0.1)
    looks.add([(7, 2.0, "SELECT 1", "bob", "5", False)], "erp", 2.0, 0.1)
    assert sorted(round(one.ms) for one in looks.seen.values()) == [100, 200, 200]


def test_perfkit_itself_is_not_seen() -> None:
    looks = Looks()
    looks.add([(7, 1.0, "/* perfkit */ SELECT 1", "bob", None, False)], "erp", 1.0, 0.1)
    assert looks.seen == {}
