"""A trace of a real database: every statement, with rows, in the request that it ran in."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import pytest

from perfkit.queries.attribution import Window, budgets
from perfkit.queries.tracing import tracing
from tests.conftest import PostgresServer


@pytest.fixture
def dsn(postgres: PostgresServer) -> str:
    dsn = postgres.fresh_database("tracing")
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        link.execute("CREATE TABLE item (id INTEGER, name TEXT)")
        link.execute("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 100) AS n")
    return dsn


def a_request(endpoint: str, work: Callable[[], object]) -> Window:
    """What a load would record of it."""
    time.sleep(0.02)
    started_at, clock = time.time(), time.perf_counter()
    work()
    return Window(endpoint, started_at, time.perf_counter() - clock)


def test_what_ran_for_whom(postgres: PostgresServer, dsn: str) -> None:
    """Statements that are far too fast for the log of slow ones; perfkit's own are none of them."""
    with tracing(dsn, postgres.log_folder) as going, psycopg.connect(dsn, autocommit=True) as link:
        windows = [
            a_request("Page", lambda: link.execute("SELECT id, name FROM item WHERE id < %s", [11]).fetchall()),
            a_request("Loop", lambda: [link.execute("SELECT name FROM item WHERE id = %s", [n]) for n in range(5)]),
            a_request("Nothing", lambda: time.sleep(0.01)),
        ]
        time.sleep(0.02)
        link.execute("SELECT 'outside'")
        trace = going.trace("trace", windows)
    found = {budget.endpoint: budget for budget in budgets(trace)}
    assert {name: budget.calls for name, budget in found.items()} == {"Page": 1, "Loop": 5, "Nothing": 0}
    assert found["Page"].rows == 10
    assert found["Page"].planning_ms > 0
    assert (trace.outside, trace.logged_from_ms) == (1, 0)
    assert trace.round_trip_ms is not None
    assert not [statement for statement in trace.statements if "perfkit" in statement.statement]


def test_without_statistics_rows_are_unknown_and_the_remedy_is_said(postgres: PostgresServer) -> None:
    dsn = postgres.fresh_database("untold")
    with tracing(dsn, postgres.log_folder) as going, psycopg.connect(dsn, autocommit=True) as link:
        window = a_request("One", lambda: link.execute("SELECT 1"))
        trace = going.trace("trace", [window])
    (budget,) = budgets(trace)
    assert (budget.calls, budget.rows) == (1, None)
    assert any("CREATE EXTENSION pg_stat_statements" in note for note in going.notes)
