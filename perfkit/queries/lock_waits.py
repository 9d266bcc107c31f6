"""Which statement waits for a lock under load, and what that is of a request. Knows names and budgets; no server.

The name of a waiting statement is what its readings carry: the fingerprint by which a trace knows it, the server's
query id (which is right where the text was cut off) and the route that the application tagged it with, so far as it
did. `perfkit.metrics.locks` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from perfkit.model import Budget, Metric, Scope
from perfkit.queries.methods import fingerprint
from perfkit.queries.tags import tags_of

METRIC: Final = "sql.lock_wait_per_request_ms"


def waiting_name(sql: str, query_id: str | None) -> str:
    """`fingerprint query_id route`, without blanks within; `-` for what is not known."""
    route = dict(tags_of(sql)).get("route")
    return f"{fingerprint(sql)} {query_id or '-'} {quote(route, safe='/') if route else '-'}"


def with_lock_waits(budgets: Sequence[Budget], metrics: Sequence[Metric], phase: str | None) -> tuple[Budget, ...]:
    """Budgets of a trace with the lock waits of a phase under load, for endpoints of which they were measured."""
    found = {metric.scope: metric.value for metric in metrics if metric.name == METRIC and metric.scope.phase == phase}
    return tuple(_with(budget, found, phase) for budget in budgets)


def _with(budget: Budget, found: Mapping[Scope, float], phase: str | None) -> Budget:
    wait_ms = found.get(Scope(budget.endpoint, phase))
    if wait_ms is None:
        return budget
    shares = tuple(
        replace(share, lock_wait_ms=found.get(Scope(budget.endpoint, phase, query=share.statement.fingerprint), 0.0))
        for share in budget.statements
    )
    return replace(budget, lock_wait_ms=wait_ms, lock_wait_phase=phase, statements=shares)
