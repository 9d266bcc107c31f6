"""Requests wait for a connection: more users make them slow, while their SQL stays as fast as it was.

Needs a phase with few users and one with many, and readings of the sessions. All of this must hold under the load:
fewer connections than half of the users; 80 % of them busy on average, above which a queue grows fast (at 80 % one
waits four times as long as one is served); and an endpoint whose SQL alone is a fifth of its time or less, twice as
slow as before and by 20 ms. Where the statements are twice as slow too, the queue is in the database, and a target that
has no CPU left is left to cpu_bound. Connections that are idle in an open transaction are held over something that is
no SQL.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import Final

from perfkit import units
from perfkit.judge.diagnose.evidence import STABILITY, Evidence
from perfkit.model import Finding

NAME: Final = "pool_exhaustion"
BUSY: Final = 0.8
GROWTH: Final = 2.0
MIN_MS: Final = 20.0
MAX_SQL: Final = 0.2
CPU_LIMIT: Final = 0.9
LEAST_IDLE: Final = 0.1
HELD_OVER: Final = (
    "End the transaction before anything that is no SQL (a call to another service, mail, hashing, writing the answer):"
    " take a connection for the SQL only, not for the whole request"
)
HELD_BY_SQL: Final = "Make the statements that hold the connections faster first; take a connection for the SQL only"
LEAST_MS: Final = 5.0  # shorter statements are captured only when they were slow: their mean says nothing


def find(evidence: Evidence) -> list[Finding]:
    connections, busy = evidence.loaded("sessions.connections_count"), evidence.loaded("sessions.busy_count")
    users = evidence.heavy.users or evidence.heavy.busiest_users if evidence.heavy else 0
    if not connections or busy is None or evidence.light is None or connections > users / 2:
        return []
    if busy < BUSY * connections or (evidence.loaded("cpu.avg_ratio") or 0.0) >= CPU_LIMIT:
        return []
    idle = evidence.loaded("sessions.idle_in_transaction_count") or 0.0
    waiting, slower = _waiting(evidence), slowdown(evidence)
    if not waiting or (slower is not None and slower > GROWTH):
        return []
    endpoint, alone_ms, loaded_ms = max(waiting, key=lambda one: (one[2] - one[1]) * evidence.weight(one[0]))
    return [
        Finding(
            rule=NAME,
            title=f"{users:,} users share {connections:,.0f} database connections, and wait for them",
            evidence=(
                f"{busy:.1f} of {connections:,.0f} connections were busy on average"
                + (f", {idle:.1f} of them idle in an open transaction" if idle >= LEAST_IDLE else "")
                + (f"; statements took {slower:.1f} times as long as alone" if slower is not None else ""),
                *(_line(evidence, *one) for one in waiting[:5]),
            ),
            impact_ms=loaded_ms - alone_ms,
            fix=f"{HELD_OVER if idle >= busy / 2 else HELD_BY_SQL}; then let the pool grow (5 to 20 for a server of"
            " a few cores), and give the wait for a connection and each statement a time limit.",
            endpoint=endpoint,
            milestone=STABILITY,
            share=1 - alone_ms / loaded_ms,
            confidence="likely",
            unless="the database itself has no CPU left: then more connections only move the queue into it",
        )
    ]


def slowdown(evidence: Evidence) -> float | None:
    """How much longer the captured statements took than in the trace, by time; None where none is in both."""
    alone: defaultdict[str, list[float]] = defaultdict(list)
    for request in evidence.trace.requests if evidence.trace else ():
        for execution in request.executions:
            alone[execution.fingerprint].append(execution.ms)
    means = {key: fmean(times) for key, times in alone.items() if fmean(times) >= LEAST_MS}
    known = [query for query in evidence.queries if query.fingerprint in means]
    alone_ms = sum(query.calls * means[query.fingerprint] for query in known)
    return sum(query.calls * query.mean_ms for query in known) / alone_ms if alone_ms > 0 else None


def _waiting(evidence: Evidence) -> list[tuple[str, float, float]]:
    """(endpoint, alone, under load) of those that grew although their SQL is short; what grew most comes first."""
    found = []
    for endpoint in evidence.endpoints:
        alone_ms = evidence.value("latency.avg_ms", endpoint, evidence.light)
        loaded_ms, budget = evidence.loaded("latency.avg_ms", endpoint), evidence.budget(endpoint)
        if alone_ms is None or loaded_ms is None or budget is None or not budget.calls:
            continue
        is_slower = loaded_ms >= GROWTH * alone_ms and loaded_ms - alone_ms >= MIN_MS
        if is_slower and budget.execution_ms + budget.planning_ms <= MAX_SQL * loaded_ms:
            found.append((endpoint, alone_ms, loaded_ms))
    return sorted(found, key=lambda one: one[1] - one[2])


def _line(evidence: Evidence, endpoint: str, alone_ms: float, loaded_ms: float) -> str:
    budget = evidence.budget(endpoint)
    sql_ms = units.show(budget.execution_ms + budget.planning_ms, "ms") if budget else "?"
    return f"{endpoint}: {units.show(alone_ms, 'ms')} alone, {units.show(loaded_ms, 'ms')} under load; its SQL {sql_ms}"
