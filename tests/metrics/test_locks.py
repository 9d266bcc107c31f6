"""Lock waits a request, by Little's law: whose they are, and when they are not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from perfkit import metrics
from perfkit.model import Metric, Sample, Scope, Trace, TracedExecution, TracedRequest, TracedStatement
from tests.builders import START, a_phase, a_request, a_run, a_sample

NAME = "sql.lock_wait_per_request_ms"
STATEMENTS = (TracedStatement("f", "UPDATE t", query_id="77"), TracedStatement("g", "UPDATE u"))


def executed(endpoint: str, *fingerprints: str, route: str | None = None) -> TracedRequest:
    executions = tuple(TracedExecution(one, 5.0, 1.0, route=route) for one in fingerprints)
    return TracedRequest(endpoint, START, 9.0, executions)


def waits(samples: Sequence[Sample], *requests: TracedRequest) -> dict[Scope, float]:
    """Of a phase of 10 s with 100 requests of Order and 10 of Restock, in which somebody looked ten times."""
    asked = [a_request("Order", at=at / 10) for at in range(100)] + [a_request("Restock", at=at) for at in range(10)]
    looks = [a_sample("lock_waiting_count", 0.0, at=at, source="database") for at in range(10)]
    run = a_run(asked, [*looks, *samples], [a_phase(end=9.5)])
    trace = Trace("trace", STATEMENTS, requests)
    return {one.scope: one.value for one in metrics.compute(replace(run, trace=trace)) if one.name == NAME}


def waiting(name: str, count: float = 1.0, looks: int = 5) -> list[Sample]:
    return [a_sample(f"lock_waiting_count {name}", count, at=at, source="database") for at in range(looks)]


def test_sessions_waiting_over_requests_a_second_are_seconds_a_request() -> None:
    """Half a session on average, 100 requests in 9.5 s: 47.5 ms; and none of an endpoint that does not execute it."""
    found = waits(waiting("f - -"), executed("Order", "f"), executed("Restock", "g"))
    assert found[Scope("Order", "single")] == pytest.approx(47.5)
    assert found[Scope("Order", "single", query="f")] == pytest.approx(47.5)
    assert found[Scope("Restock", "single")] == 0.0


def test_a_statement_of_two_endpoints_waits_as_long_in_each_execution() -> None:
    """Restock executes it twice a request: 100 + 20 executions."""
    found = waits(waiting("f - -"), executed("Order", "f"), executed("Restock", "f", "f"))
    each_ms = 0.5 * 9.5 / 120 * 1e3
    assert found[Scope("Order", "single")] == pytest.approx(each_ms)
    assert found[Scope("Restock", "single")] == pytest.approx(2 * each_ms)


def test_a_route_tag_tells_which_endpoint_it_is() -> None:
    requests = (executed("Order", "f", route="/o"), executed("Restock", "f", route="/a b"))
    found = waits(waiting("f - /a%20b"), *requests)
    assert (found[Scope("Order", "single")], found[Scope("Restock", "single")]) == (0.0, pytest.approx(475.0))


def test_a_statement_that_was_cut_off_is_known_by_its_query_id() -> None:
    found = waits(waiting("cut 77 -"), executed("Order", "f"))
    assert found[Scope("Order", "single", query="f")] == pytest.approx(47.5)


def test_what_no_traced_endpoint_executes_is_told_apart() -> None:
    run = a_run([a_request("Order")], [*waiting("x - -"), *waiting("lock", looks=0)], [a_phase()])
    looks = [a_sample("lock_waiting_count", 1.0, at=at, source="database") for at in range(5)]
    run = replace(run, samples=a_run(samples=[*waiting("x - -"), *looks]).samples)
    found = metrics.compute(replace(run, trace=Trace("trace", STATEMENTS, (executed("Order", "f"),))))
    (elsewhere,) = [one.value for one in found if one.name == "sessions.lock_waiting_elsewhere_count"]
    assert elsewhere == 1.0
    assert of(found, "Order") == 0.0


def of(found: Sequence[Metric], endpoint: str | None) -> float | None:
    values = [one.value for one in found if (one.name, one.scope) == (NAME, Scope(endpoint, "single"))]
    return values[0] if values else None


def test_where_nobody_looked_nothing_is_known() -> None:
    """Nor of an endpoint that was not traced; 0 would say that it never waits."""
    trace = Trace("trace", STATEMENTS, (executed("Order", "f"),))
    unwatched = metrics.compute(replace(a_run([a_request("Order")]), trace=trace))
    assert (of(unwatched, "Order"), of(unwatched, None)) == (None, None)
    looks = [a_sample("lock_waiting_count", 0.0, at=1, source="database")]
    watched = metrics.compute(replace(a_run([a_request("Order"), a_request("Other")], looks), trace=trace))
    assert (of(watched, "Order"), of(watched, "Other"), of(watched, None)) == (0.0, None, 0.0)


def test_without_a_trace_all_requests_together_have_one() -> None:
    looks = [a_sample("lock_waiting_count", 2.0, at=1, source="database")]
    found = metrics.compute(a_run([a_request(at=at) for at in range(60)], looks))
    assert of(found, None) == pytest.approx(2000.0)
