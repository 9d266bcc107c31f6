"""Slow SQL that the server told of. Knows captured queries; where nobody looked there are no figures, not zeros."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import CapturedQuery, Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured

NAMES: Final[dict[str, str]] = {
    "sql.slow_count": "statements slower than database.slower_than",
    "sql.slow_time_ms": "time in such statements in the phase",
    "sql.slow_mean_ms": "mean time of one slow query; query= is its fingerprint",
}


def compute(measured: Measured) -> list[Metric]:
    queries = measured.queries
    if queries is None:
        return []
    per_phase = [metric for mark in measured.phases for metric in _of_phase(mark.name, queries)]
    return [*per_phase, *(_mean(query) for query in queries)]


def _of_phase(phase: str, queries: tuple[CapturedQuery, ...]) -> Iterator[Metric]:
    count = sum(query.phases.get(phase, 0) for query in queries)
    time_ms = sum(_time_ms(query, phase) for query in queries)
    yield Metric("sql.slow_count", float(count), Scope(phase=phase), n=count)
    yield Metric("sql.slow_time_ms", float(time_ms), Scope(phase=phase), n=count)


def _time_ms(query: CapturedQuery, phase: str) -> float:
    """Where nobody told the phase's own time, each of its calls took the mean of the run."""
    return query.phase_ms.get(phase, 0.0) if query.phase_ms else query.mean_ms * query.phases.get(phase, 0)


def _mean(query: CapturedQuery) -> Metric:
    return Metric("sql.slow_mean_ms", query.mean_ms, Scope(query=query.fingerprint), n=query.calls)
