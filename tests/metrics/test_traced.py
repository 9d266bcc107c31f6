"""SQL of one request, from a trace; and what the sessions of the database were doing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perfkit import metrics
from perfkit.model import Trace, TracedExecution, TracedRequest, TracedStatement
from tests.builders import START, a_phase, a_run, a_sample

EXECUTIONS = (TracedExecution("f", 5.0, 2.0, planning_ms=0.5), TracedExecution("g", 9.0, 1.0))
STATEMENTS = (TracedStatement("f", "SELECT 1", rows=20.0, blocks=4.0), TracedStatement("g", "SELECT 2", rows=1.0))


def values(trace: Trace) -> dict[str, float]:
    return {
        metric.name: metric.value
        for metric in metrics.compute(replace(a_run(), trace=trace))
        if metric.scope.endpoint == "List"
    }


def a_trace(*requests: TracedRequest) -> Trace:
    return Trace("trace", STATEMENTS, requests)


def test_calls_time_and_rows_are_means_of_a_request() -> None:
    requests = [TracedRequest("List", START, 50.0, EXECUTIONS), TracedRequest("List", START, 50.0, EXECUTIONS[:1])]
    found = values(a_trace(*requests))
    assert found == pytest.approx(
        {"sql.calls_per_request": 1.5, "sql.time_per_request_ms": 3.0, "sql.rows_per_request": 20.5}
    )


def test_an_endpoint_without_sql_has_none_of_it_measured() -> None:
    """0 is a fact here: everything was logged."""
    found = values(a_trace(TracedRequest("List", START, 50.0)))
    assert set(found.values()) == {0.0}


def test_failed_requests_and_runs_without_a_trace_have_no_figures() -> None:
    assert values(a_trace(TracedRequest("List", START, 50.0, EXECUTIONS, is_ok=False))) == {}
    assert not [one for one in metrics.compute(a_run()) if one.name == "sql.calls_per_request"]


def test_sessions_are_means_and_the_most_connections() -> None:
    samples = [
        a_sample(name, value, at=at, source="database")
        for at, value in ((10, 1.0), (20, 3.0), (90, 9.0))
        for name in ("connections_count", "busy_count", "idle_in_transaction_count", "lock_waiting_count")
    ]
    found = {
        metric.name: metric.value
        for metric in metrics.compute(a_run(samples=samples, phases=[a_phase()]))
        if metric.name.startswith("sessions.")
    }
    assert found == {
        "sessions.connections_count": 3.0,
        "sessions.busy_count": 2.0,
        "sessions.idle_in_transaction_count": 2.0,
        "sessions.lock_waiting_count": 2.0,
    }
