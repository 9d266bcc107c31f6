"""One statement of the workload, run once under EXPLAIN (ANALYZE): its plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from perfkit.explain.advise.session import Session
from perfkit.explain.plan import read_plan
from perfkit.explain.runner import Refused
from perfkit.model import QueryPlan

_RUN: Final = "ANALYZE, BUFFERS, SETTINGS, FORMAT JSON"


def plan_of(session: Session, sql: str, values: Sequence[str | None], fingerprint: str) -> QueryPlan:
    """The measured plan.

    Raises:
        Refused: the server does not run it, or returns no plan.
        OutOfTime: the budget was used up before.
    """
    with session.reading():
        document = session.explain(_RUN, sql, values)
    try:
        return read_plan(document, fingerprint, "")
    except ValueError as error:
        raise Refused(str(error)) from error
