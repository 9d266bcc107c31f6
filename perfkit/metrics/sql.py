"""Slow SQL that the server told of. Knows captured queries; where nobody looked there are no figures, not zeros."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import CapturedQuery, Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured

NAMES: Final[dict[str, str]] = {
    "sql.slow_count": "statements slower than database.slower_than",
    "sql.slow_time_ms": "time in such statements, each query's total shared among phases by its calls",
    "sql.slow_mean_ms": "mean time of one slow query; query= is its fingerprint",
}


def compute(measured: Measured) -> list[Metric]:
    queries = measured.queries
    if queries is None:
        return []
    per_phase = [metric for mark in measured.phases for metric in _of_phase(mark.name, queries)]
    return [*per_phase, *(_mean(query) for query in queries)]


def _of_phase(phase: str, queries: tuple[CapturedQuery, ...]) -> Iterator[Metric]:
    calls = {query.fingerprint: query.phases.get(phase, 0) for query in queries}
    time_ms = sum(query.mean_ms * calls[query.fingerprint] for query in queries)
    count = sum(calls.values())
    yield Metric("sql.slow_count", float(count), Scope(phase=phase), n=count)
    yield Metric("sql.slow_time_ms", float(time_ms), Scope(phase=phase), n=count)


def _mean(query: CapturedQuery) -> Metric:
    return Metric("sql.slow_mean_ms", query.mean_ms, Scope(query=query.fingerprint), n=query.calls)
