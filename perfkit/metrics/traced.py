"""SQL of one request of an endpoint, as the trace tells it. Knows traced requests; where none was traced, no figure.

Counted, not sampled: the number of calls is exact for what was asked, whatever the machine does meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, Scope, TracedExecution, TracedRequest, TracedStatement

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured

NAMES: Final[dict[str, str]] = {
    "sql.calls_per_request": "statements that one request executes",
    "sql.time_per_request_ms": "time that the database executes and plans for one request, alone",
    "sql.rows_per_request": "rows that the database hands out for one request",
    "sql.blocks_per_request": "pages of 8 kB that the database looks at for one request",
}


def compute(measured: Measured) -> list[Metric]:
    if measured.trace is None:
        return []
    statements = {statement.fingerprint: statement for statement in measured.trace.statements}
    by_endpoint: defaultdict[str, list[TracedRequest]] = defaultdict(list)
    for request in measured.trace.requests:
        if request.is_ok:
            by_endpoint[request.endpoint].append(request)
    return [metric for name, requests in by_endpoint.items() for metric in _of_endpoint(name, requests, statements)]


def _of_endpoint(
    endpoint: str, requests: Sequence[TracedRequest], statements: Mapping[str, TracedStatement]
) -> Iterator[Metric]:
    scope, n = Scope(endpoint=endpoint), len(requests)
    yield Metric("sql.calls_per_request", fmean(len(request.executions) for request in requests), scope, n=n)
    time_ms = fmean(sum(one.ms + (one.planning_ms or 0.0) for one in request.executions) for request in requests)
    yield Metric("sql.time_per_request_ms", time_ms, scope, n=n)
    executed = [execution for request in requests for execution in request.executions]
    for name in ("rows", "blocks"):
        counts = [_done(execution, statements, name) for execution in executed]
        if None not in counts:
            total = sum(count for count in counts if count is not None)
            yield Metric(f"sql.{name}_per_request", total / n, scope, n=n)


def _done(execution: TracedExecution, statements: Mapping[str, TracedStatement], name: str) -> float | None:
    value: float | None = getattr(statements[execution.fingerprint], name)
    return value
