"""Executions go to the request in which they ended, and a request's time is spent on what it was spent on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Trace
from perfkit.queries.attribution import Window, attribute, budgets
from perfkit.queries.counters import Work
from perfkit.queries.executions import TimedExecution

START = 1_790_000_000.0


def an_execution(at_ms: float, sql: str = "SELECT 1", ms: float = 1.0, **facts: object) -> TimedExecution:
    """One that ended `at_ms` after START."""
    plain = TimedExecution(START + at_ms / 1e3, ms, None, sql, ())
    return replace(plain, **facts)  # type: ignore[arg-type]


def a_window(endpoint: str = "List", at_ms: float = 0.0, ms: float = 100.0, is_ok: bool = True) -> Window:
    return Window(endpoint, START + at_ms / 1e3, ms / 1e3, is_ok)


def endpoints_of(trace: Trace) -> list[tuple[str, int]]:
    return [(request.endpoint, len(request.executions)) for request in trace.requests]


def test_each_execution_goes_to_the_request_in_which_it_ran() -> None:
    windows = [a_window("List"), a_window("Login", at_ms=120)]
    trace = attribute([an_execution(50), an_execution(130), an_execution(140)], windows)
    assert (endpoints_of(trace), trace.outside) == ([("List", 1), ("Login", 2)], 0)


def test_what_ran_between_requests_belongs_to_none() -> None:
    """Somebody else's, or a background job of the application."""
    trace = attribute([an_execution(110, ms=0.1), an_execution(500)], [a_window(), a_window(at_ms=120)])
    assert trace.outside == 2


def test_a_millisecond_beside_a_request_is_rounding() -> None:
    """The log tells whole milliseconds."""
    trace = attribute([an_execution(101.2, ms=0.1)], [a_window()])
    assert (endpoints_of(trace), trace.outside) == ([("List", 1)], 0)


def test_requests_without_a_gap_are_parted_by_the_middle_of_the_statement() -> None:
    windows = [a_window("List"), a_window("Login", at_ms=100)]
    trace = attribute([an_execution(100.4, ms=1.0), an_execution(101.0, ms=0.2)], windows)
    assert endpoints_of(trace) == [("List", 1), ("Login", 1)]


def test_an_endpoint_without_sql_has_a_budget_of_its_own_work() -> None:
    (budget,) = budgets(attribute([], [a_window("Health", ms=8)]))
    assert (budget.calls, budget.execution_ms, budget.rows, budget.statements) == (0, 0, 0, ())
    assert budget.rest_ms == pytest.approx(8)


def test_a_request_for_another_page_is_kept_apart() -> None:
    trace = attribute([an_execution(50)], [a_window("List (page of 40)")])
    assert trace.requests == ()
    assert [(request.endpoint, request.page_size, len(request.executions)) for request in trace.scaled] == [
        ("List", 40, 1)
    ]


def test_rows_and_blocks_come_by_query_id_and_are_unknown_without() -> None:
    """A sum of which one part is not known is not known."""
    known = an_execution(10, "SELECT a FROM t", query_id="7")
    work = {"7": Work(rows=20, blocks=3)}
    (budget,) = budgets(attribute([known, replace(known, ended_at=START + 0.02)], [a_window()], work=work))
    assert (budget.rows, budget.blocks) == (40, 6)
    (unknown,) = budgets(attribute([known, an_execution(20, "SELECT b FROM t")], [a_window()], work=work))
    assert unknown.rows is None


def test_the_budget_adds_up_to_the_request() -> None:
    executions = [an_execution(10, ms=4, planning_ms=1.0), an_execution(30, ms=6)]
    (budget,) = budgets(attribute(executions, [a_window(ms=50)], round_trip_ms=0.5))
    parts = (budget.execution_ms, budget.planning_ms, budget.round_trips_ms, budget.rest_ms)
    assert parts == pytest.approx((10, 1, 1, 38))
    assert not budget.is_parallel


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 30)), max_size=20), st.floats(0, 5))
def test_no_part_of_a_budget_is_negative(times: list[tuple[float, float]], round_trip_ms: float) -> None:
    """Whatever clocks say, and however many statements run beside each other."""
    executions = [an_execution(at_ms, ms=ms) for at_ms, ms in times]
    (budget,) = budgets(attribute(executions, [a_window(ms=100)], round_trip_ms=round_trip_ms))
    assert min(budget.execution_ms, budget.planning_ms, budget.round_trips_ms, budget.rest_ms) >= 0
    spent = budget.execution_ms + budget.planning_ms + budget.round_trips_ms + budget.rest_ms
    assert spent == pytest.approx(max(100, budget.execution_ms), rel=1e-6)


def test_statements_beside_each_other_are_told() -> None:
    (budget,) = budgets(attribute([an_execution(60, ms=50), an_execution(61, ms=50)], [a_window(ms=70)]))
    assert budget.is_parallel


def test_failed_requests_count_only_where_all_failed() -> None:
    windows = [a_window(ms=10, is_ok=False), a_window(at_ms=200, ms=30)]
    assert budgets(attribute([], windows))[0].service_ms == pytest.approx(30)
    assert budgets(attribute([], windows[:1]))[0].service_ms == pytest.approx(10)


def test_a_tag_of_another_endpoint_is_a_disagreement() -> None:
    """The tag stands for the endpoint in whose windows it is seen most."""
    windows = [a_window("List"), a_window("List", at_ms=120), a_window("Login", at_ms=240)]
    tagged = "SELECT 1 /* route='/list' */"
    executions = [an_execution(50, tagged), an_execution(150, tagged), an_execution(250, tagged), an_execution(260)]
    trace = attribute(executions, windows)
    assert (trace.disagreeing, trace.untagged) == (1, 1)
    assert attribute([an_execution(50)], windows).untagged == 0


@pytest.mark.parametrize(
    ("sql", "is_write"),
    [
        ("SELECT * FROM t", False),
        ("WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d", True),
        ("INSERT INTO t VALUES (1)", True),
        ("SELECT nextval('s')", True),
        ("BEGIN", False),
        ("CALL p()", True),
        ("/* nothing */", None),
    ],
)
def test_whether_a_statement_writes(sql: str, is_write: bool | None) -> None:
    """In doubt it does."""
    trace = attribute([an_execution(50, sql)], [a_window()])
    assert trace.statements[0].is_write is is_write


def test_no_value_is_kept() -> None:
    """Only a hash tells that two were the same."""
    secret = an_execution(50, "SELECT * FROM t WHERE name = 'Ada'", values=("hunter2",))
    trace = attribute([secret], [a_window()])
    assert "Ada" not in repr(trace)
    assert "hunter2" not in repr(trace)
