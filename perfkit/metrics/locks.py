"""How long a request waits for locks under load, by endpoint and statement. Knows readings of who waits, and a trace.

Little's law: sessions that wait in a statement on average, over executions of it a second, are seconds waited an
execution. Which endpoint executes it how often tells the trace; where the application tags its statements with a route,
only executions with that tag count. What waits in a statement that no endpoint executed in the trace is of none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from perfkit.model import Metric, PhaseMark, Scope, Trace, TracedExecution

if TYPE_CHECKING:
    from perfkit.metrics.measured import Cell, Measured

NAMES: Final[dict[str, str]] = {
    "sql.lock_wait_per_request_ms": "time that one request waits for locks under load; query= is one of its statements",
    "sessions.lock_waiting_elsewhere_count": "connections that waited for a lock in statements of no traced endpoint",
}

_SOURCE: Final = "database"
_READING: Final = "lock_waiting_count"

Weights = Mapping[str, float]
"""Endpoint → executions."""


@dataclass(frozen=True, slots=True)
class _Executions:
    """How often the traced endpoints execute what in a request, by fingerprint, and by fingerprint and route."""

    plain: dict[str, defaultdict[str, float]] = field(default_factory=dict)
    routed: dict[tuple[str, str], defaultdict[str, float]] = field(default_factory=dict)
    by_query_id: dict[str, str] = field(default_factory=dict)
    endpoints: set[str] = field(default_factory=set)

    def add(self, execution: TracedExecution, endpoint: str, part: float) -> None:
        self.plain.setdefault(execution.fingerprint, defaultdict(float))[endpoint] += part
        if execution.route is not None:
            key = execution.fingerprint, execution.route
            self.routed.setdefault(key, defaultdict(float))[endpoint] += part

    def of(self, name: str) -> tuple[str, Weights]:
        """The fingerprint that a waiting statement has in the trace, and who executes it. See `waiting_name`."""
        fingerprint, query_id, route = name.split(" ")
        known = fingerprint if fingerprint in self.plain else self.by_query_id.get(query_id, fingerprint)
        plain: Weights = self.plain.get(known, {})
        return known, self.routed.get((known, unquote(route)), plain)


def compute(measured: Measured) -> list[Metric]:
    executions = _executions(measured.trace) if measured.trace else None
    return [metric for mark in measured.phases for metric in _of_phase(mark, measured, executions)]


def _executions(trace: Trace) -> _Executions:
    """Of requests that did not fail, but where all of an endpoint did."""
    found = _Executions()
    found.endpoints.update(request.endpoint for request in trace.requests)
    found.by_query_id.update({one.query_id: one.fingerprint for one in trace.statements if one.query_id})
    succeeded = {request.endpoint for request in trace.requests if request.is_ok}
    counted = [one for one in trace.requests if one.is_ok or one.endpoint not in succeeded]
    requests = Counter(request.endpoint for request in counted)
    for request in counted:
        for execution in request.executions:
            found.add(execution, request.endpoint, 1 / requests[request.endpoint])
    return found


def _of_phase(mark: PhaseMark, measured: Measured, executions: _Executions | None) -> Iterator[Metric]:
    """Of all requests together; with a trace, of each endpoint too."""
    looks = dict(measured.during(_SOURCE, _READING)).get(mark.name)
    cells = [cell for cell in measured.cells if cell.phase == mark.name and cell.seconds > 0 and cell.facts.count]
    if looks is None:
        return
    for cell in cells:
        if cell.endpoint is None:
            wait_ms = looks.mean / _rate(cell) * 1e3
            yield Metric("sql.lock_wait_per_request_ms", wait_ms, cell.scope, n=len(looks))
    if executions is not None:
        waiting = list(_waiting(mark, measured, executions, len(looks)))
        traced = [cell for cell in cells if cell.endpoint in executions.endpoints]
        yield from _of_endpoints(traced, waiting, len(looks))
        driven = {cell.endpoint for cell in traced}
        elsewhere = sum(count for _, weights, count in waiting if driven.isdisjoint(weights))
        yield Metric("sessions.lock_waiting_elsewhere_count", elsewhere, Scope(phase=mark.name), n=len(looks))


def _rate(cell: Cell) -> float:
    return cell.facts.count / cell.seconds


def _waiting(
    mark: PhaseMark, measured: Measured, executions: _Executions, looks: int
) -> Iterator[tuple[str, Weights, float]]:
    """Of each statement that somebody waited in: (fingerprint, who executes it, sessions that waited on average)."""
    for source, reading in measured.samples:
        if source == _SOURCE and reading.startswith(f"{_READING} "):
            readings = dict(measured.during(source, reading)).get(mark.name)
            if readings is not None:
                fingerprint, weights = executions.of(reading.removeprefix(f"{_READING} "))
                yield fingerprint, weights, readings.total / looks


def _of_endpoints(cells: Sequence[Cell], waiting: Sequence[tuple[str, Weights, float]], looks: int) -> Iterator[Metric]:
    """Of each endpoint, 0 where nobody waited; and of its statements those that somebody waited in."""
    rates = {str(cell.endpoint): _rate(cell) for cell in cells}
    waits: dict[str, defaultdict[str, float]] = {endpoint: defaultdict(float) for endpoint in rates}
    for fingerprint, weights, count in waiting:
        executed_per_s = sum(rates.get(endpoint, 0.0) * calls for endpoint, calls in weights.items())
        for endpoint, calls in weights.items():
            if endpoint in rates:
                waits[endpoint][fingerprint] += calls * count / executed_per_s * 1e3
    for cell in cells:
        own = waits[str(cell.endpoint)]
        yield Metric("sql.lock_wait_per_request_ms", sum(own.values()), cell.scope, n=looks)
        for query, ms in own.items():
            yield Metric("sql.lock_wait_per_request_ms", ms, replace(cell.scope, query=query), n=looks)
