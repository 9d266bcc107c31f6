"""On a real server: counters of pg_stat_statements, their differences, and when those cannot be trusted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.errors import DatabaseError
from perfkit.queries import statements
from perfkit.queries.statement_counters import Counted, Growth, Reading, View, delta, doubts
from perfkit.queries.statements import StatementsCapture, open_capture
from tests.builders import a_phase

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

KEY = ("1", "10", True)


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("counted")
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute("CREATE EXTENSION pg_stat_statements")
        admin.execute("CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g")
    return address


@pytest.fixture
def capture(dsn: str) -> Iterator[StatementsCapture]:
    found = open_capture(dsn, 0.0)
    yield found
    found.close()


def test_calls_time_rows_and_blocks_of_the_run_are_counted(dsn: str, capture: StatementsCapture) -> None:
    with psycopg.connect(dsn, autocommit=True) as application:
        for number in (1, 2, 3):
            application.execute("SELECT a FROM t WHERE a <= %s /* route='/t' */", [number * 10])
    captured = capture.collect()
    (query,) = [query for query in captured.queries if "FROM t" in query.statement]
    assert (query.calls, query.rows, query.parameter_sets) == (3, 60, ())
    assert (query.blocks or 0) >= 3
    assert (query.user, query.database, query.tags) == ("postgres", "counted", {"route": {"/t": 3}})
    assert int(query.query_id or 0) != 0
    assert (query.max_ms, query.users) == (None, {"postgres": 3})
    assert captured.source == "statements"
    assert "parameters" in captured.notes[0]


def test_what_ran_before_is_not_counted_and_neither_is_perfkit_itself(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as application:
        application.execute("SELECT count(*) FROM t")
        capture = open_capture(dsn, 0.0)
        application.execute("/* perfkit */ SELECT name FROM pg_settings")
    assert [query.statement for query in capture.collect().queries if "SELECT" in query.statement] == []


def test_calls_are_given_to_phases_by_the_second(dsn: str, capture: StatementsCapture) -> None:
    capture.close()  # its thread would read in between
    with psycopg.connect(dsn, autocommit=True) as application, psycopg.connect(dsn, autocommit=True) as reading:
        capture._read_once(reading)
        times = [time.time()]
        for calls in (1, 2):
            for _ in range(calls):
                application.execute("SELECT sum(a) FROM t")
            time.sleep(0.2)
            capture._read_once(reading)
            times.append(time.time())
    one, two = (
        replace(a_phase(name), started_at=start, measured_at=start, ended_at=end)
        for name, start, end in zip(("one", "two"), times, times[1:], strict=False)
    )
    (query,) = [query for query in capture.collect([one, two]).queries if "sum" in query.statement]
    assert query.phases == {"one": 1, "two": 2}
    assert query.phase_ms.keys() == {"one", "two"}


def test_statements_that_are_fast_on_average_are_left_out(dsn: str) -> None:
    capture = open_capture(dsn, 10.0)
    with psycopg.connect(dsn, autocommit=True) as application:
        application.execute("SELECT 1 AS fast")
        application.execute("SELECT pg_sleep(0.015)")
    assert [query.statement for query in capture.collect().queries] == ["SELECT pg_sleep($1)"]


def test_users_of_one_statement_are_told_apart(dsn: str, capture: StatementsCapture) -> None:
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE ROLE reporter LOGIN")
        admin.execute("GRANT SELECT ON t TO reporter")
    for user, calls in (("postgres", 2), ("reporter", 1)):
        with psycopg.connect(make_conninfo(dsn, user=user), autocommit=True) as application:
            for _ in range(calls):
                application.execute("SELECT min(a) FROM t")
    (query,) = [query for query in capture.collect().queries if "min(" in query.statement]
    assert (query.calls, query.users) == (3, {"postgres": 2, "reporter": 1})


def test_a_reset_in_the_run_is_said(dsn: str, capture: StatementsCapture) -> None:
    with psycopg.connect(dsn, autocommit=True) as application:
        application.execute("SELECT pg_stat_statements_reset()")
        application.execute("SELECT max(a) FROM t")
    captured = capture.collect()
    assert any("was reset in the run" in note for note in captured.notes)
    assert [query.calls for query in captured.queries if "max" in query.statement] == [1]


def test_an_eviction_is_said() -> None:
    before, after = Reading(0.0, {}, (3, "then")), Reading(1.0, {}, (5, "then"))
    (note,) = doubts(before, after)
    assert "evicted entries 2 times" in note
    assert list(doubts(before, replace(before, at=2.0))) == []


def test_a_counter_that_fell_begins_anew() -> None:
    before = Reading(0.0, {KEY: Counted(10, 100.0, 10, 10)}, None)
    after = Reading(1.0, {KEY: Counted(2, 3.0, 1, 0)}, None)
    assert delta(before, after) == {KEY: Counted(2, 3.0, 1, 0)}
    assert delta(before, before) == {}


def test_a_long_run_is_kept_in_bounded_memory_and_loses_nothing() -> None:
    growth = Growth()
    for second in range(5_000):
        growth.add(float(second), second + 1.0, {KEY: Counted(1, 1.0, 0, 0)})
    stretches = growth.all()
    assert len(stretches) < 700
    assert sum(grown[KEY].calls for _, _, grown in stretches) == 5_000
    assert all(end == start for (_, end, _), (start, _, _) in pairwise(stretches))


def test_columns_are_those_of_the_version() -> None:
    old, new = View("public", frozenset({"total_time"})), View("public", frozenset({"total_exec_time", "toplevel"}))
    assert old.sql("{total} {toplevel}") == b"total_time true"
    assert new.sql("{total} {toplevel}") == b"total_exec_time s.toplevel"


def test_without_the_extension_the_command_is_told(postgres: PostgresServer) -> None:
    bare = postgres.fresh_database("uncounted")
    with pytest.raises(DatabaseError) as caught:
        statements.open_capture(bare, 10.0)
    assert caught.value.hint == "CREATE EXTENSION pg_stat_statements;"


def test_other_users_statements_are_hidden_without_a_grant(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS reader")
        admin.execute("CREATE ROLE reader LOGIN")
        capture = open_capture(make_conninfo(dsn, user="reader"), 0.0)
        admin.execute("SELECT avg(a) FROM t")
    captured = capture.collect()
    assert not any("avg" in query.statement for query in captured.queries)
    assert any('GRANT pg_read_all_stats TO "reader"' in note for note in captured.notes)
