"""Why a query is slow: its plan, as the server ran it with real parameters. Changes nothing in the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from perfkit.errors import DatabaseError
from perfkit.explain.plan import read_plan
from perfkit.explain.rules import RULES, diagnose
from perfkit.explain.runner import Limits, Refused, analyze
from perfkit.model import CapturedQuery, NotExplained, QueryPlan
from perfkit.sqltext import highest_parameter, statements

__all__ = ["RULES", "diagnose", "explain", "single", "statements"]

_TRIES_FOR_ONE: Final = 4


def explain(
    dsn: str,
    queries: Sequence[CapturedQuery],
    *,
    worst: int = 5,
    statement_timeout_s: float = 10.0,
    lock_timeout_s: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[QueryPlan | NotExplained, ...]:
    """Plans of the `worst` queries by total time, each run once with its slowest parameters.

    A query that cannot be explained (a write, say) takes nobody's place: the next one is tried, as long as the time
    of `worst` timeouts is not used up. When the database goes away, the remaining ones say so.
    """
    ranked = sorted(queries, key=lambda query: query.total_ms, reverse=True)[: worst * _TRIES_FOR_ONE]
    limits = Limits(statement_timeout_s, lock_timeout_s)
    deadline = clock() + worst * statement_timeout_s
    outcomes: list[QueryPlan | NotExplained] = []
    for query in ranked:
        explained = sum(isinstance(outcome, QueryPlan) for outcome in outcomes)
        if explained >= worst or (outcomes and clock() >= deadline):
            break
        try:
            outcomes.append(_one(dsn, query, limits))
        except DatabaseError as error:
            rest = ranked[len(outcomes) :][: worst - explained]
            return (*outcomes, *(NotExplained(query.fingerprint, error.message) for query in rest))
    return tuple(outcomes)


def single(
    dsn: str,
    sql: str,
    parameters: Sequence[str | None] = (),
    *,
    fingerprint: str = "",
    statement_timeout_s: float = 10.0,
    lock_timeout_s: float = 1.0,
) -> QueryPlan | NotExplained:
    """The plan of one statement, run once with `parameters` as text ($1 first; None is NULL).

    Raises:
        DatabaseError: nobody answers at `dsn`.
    """
    if highest_parameter(sql) > len(parameters):
        return NotExplained(fingerprint, "no parameters were captured")
    try:
        analyzed = analyze(dsn, sql, parameters, Limits(statement_timeout_s, lock_timeout_s))
        return read_plan(analyzed.document, fingerprint, analyzed.server_version, analyzed.facts)
    except (Refused, ValueError) as error:
        return NotExplained(fingerprint, str(error))


def _one(dsn: str, query: CapturedQuery, limits: Limits) -> QueryPlan | NotExplained:
    values = query.parameter_sets[0].values if query.parameter_sets else ()
    return single(
        dsn,
        query.statement,
        values,
        fingerprint=query.fingerprint,
        statement_timeout_s=limits.statement_s,
        lock_timeout_s=limits.lock_s,
    )
