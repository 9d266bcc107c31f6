"""Which SQL ran for which endpoint: executions joined to requests by time, and what a request then spends on what.

Pure: knows lists of executions and of requests; reads no log, no server and no run folder. At concurrency 1 a statement
that ended while a request was under way ran for that request, unless somebody else uses the database; tags in the
statements, where the application writes them, tell whether that is so.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Final

from perfkit.model import (
    Budget,
    StatementShare,
    Trace,
    TracedExecution,
    TracedRequest,
    TracedStatement,
)
from perfkit.queries.counters import Work
from perfkit.queries.executions import TimedExecution
from perfkit.queries.methods import fingerprint
from perfkit.queries.tags import tags_of
from perfkit.redact import redact_literals
from perfkit.scaled import read_scaled_name
from perfkit.sqltext import tokens

MAX_STATEMENT_CHARACTERS: Final = 20_000
SLACK_S: Final = 0.002  # a log tells milliseconds, and clocks are compared by asking

_READS: Final = frozenset({"select", "with", "table", "values", "show"})
_WRITES: Final = frozenset({"insert", "update", "delete", "merge", "truncate", "nextval", "setval"})
_CONTROL: Final = frozenset(
    {"begin", "start", "commit", "end", "rollback", "savepoint", "release", "set", "reset", "discard"}
)


@dataclass(frozen=True, slots=True)
class Window:
    """One request of a trace as its row tells it; times in unix seconds."""

    endpoint: str
    started_at: float
    service_s: float
    is_ok: bool = True

    @property
    def ended_at(self) -> float:
        return self.started_at + self.service_s


def attribute(
    executions: Iterable[TimedExecution],
    windows: Iterable[Window],
    *,
    phase: str = "trace",
    work: Mapping[str, Work] | None = None,
    **facts: float | None,
) -> Trace:
    """Each execution to the request in which it ended; one that belongs to none is counted as outside.

    `work` is rows and blocks by query id; `facts` are further fields of Trace.
    """
    ordered = sorted(windows, key=lambda window: window.started_at)
    starts = [window.started_at for window in ordered]
    found: list[list[TracedExecution]] = [[] for _ in ordered]
    statements: dict[str, TracedStatement] = {}
    outside = 0
    for execution in executions:
        position = _window_of(execution, ordered, starts)
        if position is None:
            outside += 1
            continue
        key = fingerprint(execution.sql)
        statements[key] = statements.get(key) or _statement(key, execution, work or {})
        found[position].append(_traced(key, execution, ordered[position]))
    requests = [_request(window, inside) for window, inside in zip(ordered, found, strict=True)]
    untagged, disagreeing = _cross_check(requests)
    trace = Trace(
        phase=phase,
        statements=tuple(statements.values()),
        requests=tuple(request for request in requests if request.page_size is None),
        scaled=tuple(request for request in requests if request.page_size is not None),
        outside=outside,
        untagged=untagged,
        disagreeing=disagreeing,
    )
    return replace(trace, **facts)  # type: ignore[arg-type]  # names and types are those of Trace


def _window_of(execution: TimedExecution, windows: Sequence[Window], starts: Sequence[float]) -> int | None:
    """The middle of the execution decides; beside every window, the nearest within the slack does."""
    at = execution.ended_at - (execution.ms + (execution.planning_ms or 0.0)) / 2000
    last = bisect_right(starts, at) - 1
    if last >= 0 and at <= windows[last].ended_at:
        return last
    near = [
        (min(abs(at - windows[one].started_at), abs(at - windows[one].ended_at)), one)
        for one in (last, last + 1)
        if 0 <= one < len(windows)
    ]
    distance, nearest = min(near, default=(SLACK_S + 1, -1))
    return nearest if distance <= SLACK_S else None


def _statement(key: str, execution: TimedExecution, work: Mapping[str, Work]) -> TracedStatement:
    done = work.get(execution.query_id or "")
    return TracedStatement(
        fingerprint=key,
        statement=redact_literals(execution.sql[:MAX_STATEMENT_CHARACTERS]).strip(),
        is_write=_is_write(execution.sql[:MAX_STATEMENT_CHARACTERS]),
        rows=done.rows if done else None,
        blocks=done.blocks if done else None,
        query_id=execution.query_id,
    )


def _is_write(sql: str) -> bool | None:
    words = [token.text.lower() for token in tokens(sql) if token.kind == "name"]
    if not words:
        return None
    if words[0] in _CONTROL:
        return False
    return words[0] not in _READS or not _WRITES.isdisjoint(words)


def _traced(key: str, execution: TimedExecution, window: Window) -> TracedExecution:
    run_with = f"{execution.sql}\0{execution.values!r}".encode("utf-8", "surrogatepass")
    return TracedExecution(
        fingerprint=key,
        after_ms=(execution.ended_at - window.started_at) * 1e3,
        ms=execution.ms,
        planning_ms=execution.planning_ms,
        values=hashlib.blake2b(run_with, digest_size=6).hexdigest(),
        route=dict(tags_of(execution.sql)).get("route"),
    )


def _request(window: Window, inside: list[TracedExecution]) -> TracedRequest:
    endpoint, page_size = read_scaled_name(window.endpoint) or (window.endpoint, None)
    return TracedRequest(
        endpoint=endpoint,
        started_at=window.started_at,
        service_ms=window.service_s * 1e3,
        executions=tuple(sorted(inside, key=lambda execution: execution.after_ms)),
        page_size=page_size,
        is_ok=window.is_ok,
    )


def _cross_check(requests: Sequence[TracedRequest]) -> tuple[int, int]:
    """(untagged, disagreeing): a tag stands for the endpoint in whose windows it occurs most."""
    where: defaultdict[str, Counter[str]] = defaultdict(Counter)
    untagged = 0
    for request in requests:
        for execution in request.executions:
            if execution.route is None:
                untagged += 1
            else:
                where[execution.route][request.endpoint] += 1
    if not where:
        return 0, 0
    return untagged, sum(endpoints.total() - max(endpoints.values()) for endpoints in where.values())


def is_control(statement: str) -> bool:
    """BEGIN, COMMIT, SET and their kin: a round trip like any other, and no query."""
    return statement.lstrip(" \n\t;(").partition(" ")[0].rstrip(";").lower() in _CONTROL


def budgets(trace: Trace) -> tuple[Budget, ...]:
    """One for each endpoint of the scenario, the slowest first. Failed requests count only where all failed."""
    by_endpoint: defaultdict[str, list[TracedRequest]] = defaultdict(list)
    for request in trace.requests:
        by_endpoint[request.endpoint].append(request)
    statements = {statement.fingerprint: statement for statement in trace.statements}
    found = [
        _budget(endpoint, [one for one in requests if one.is_ok] or requests, statements, trace.round_trip_ms or 0.0)
        for endpoint, requests in by_endpoint.items()
    ]
    return tuple(sorted(found, key=lambda budget: -budget.service_ms))


def _budget(
    endpoint: str, requests: Sequence[TracedRequest], statements: Mapping[str, TracedStatement], round_trip_ms: float
) -> Budget:
    service_ms = fmean(request.service_ms for request in requests)
    shares = _shares(requests, statements)
    count = len(requests)
    calls = sum(share.calls for share in shares)
    execution_ms = sum(share.ms for share in shares)
    planning_ms = sum(one.planning_ms or 0.0 for request in requests for one in request.executions) / count
    left_ms = service_ms - execution_ms - planning_ms
    round_trips_ms = min(calls * round_trip_ms, max(left_ms, 0.0))
    return Budget(
        endpoint=endpoint,
        requests=count,
        service_ms=service_ms,
        calls=calls,
        execution_ms=execution_ms,
        planning_ms=planning_ms,
        round_trips_ms=round_trips_ms,
        rest_ms=max(left_ms - round_trips_ms, 0.0),
        rows=_sum_of([(share.calls, share.statement.rows) for share in shares]),
        blocks=_sum_of([(share.calls, share.statement.blocks) for share in shares]),
        statements=shares,
        is_parallel=left_ms < -0.05 * service_ms,
    )


def _shares(requests: Sequence[TracedRequest], statements: Mapping[str, TracedStatement]) -> tuple[StatementShare, ...]:
    """The statements of an endpoint, the one that takes most of its time first."""
    calls: Counter[str] = Counter()
    ms: defaultdict[str, float] = defaultdict(float)
    until_ms: defaultdict[str, float] = defaultdict(float)
    for request in requests:
        for execution, elapsed_ms in elapsed(request):
            calls[execution.fingerprint] += 1
            ms[execution.fingerprint] += execution.ms
            until_ms[execution.fingerprint] += elapsed_ms
    count = len(requests)
    shares = [
        StatementShare(statements[key], calls[key] / count, ms[key] / count, until_ms[key] / count) for key in calls
    ]
    return tuple(sorted(shares, key=lambda share: -share.until_ms))


def elapsed(request: TracedRequest) -> list[tuple[TracedExecution, float]]:
    """Each execution with the time from the end of the one before: what the caller waited for it, and made of it.

    The first has only its own time, as what came before it may be anything.
    """
    found, before_ms = [], None
    for execution in request.executions:
        own_ms = execution.ms + (execution.planning_ms or 0.0)
        passed_ms = own_ms if before_ms is None else execution.after_ms - before_ms
        found.append((execution, max(passed_ms, 0.0)))
        before_ms = execution.after_ms
    return found


def _sum_of(parts: Sequence[tuple[float, float | None]]) -> float | None:
    """Calls times what one does; None where one of them is not known."""
    if any(each is None for _, each in parts):
        return None
    return sum(calls * (each or 0.0) for calls, each in parts)
