"""A statement without a LIMIT hands out a whole table, and the reply carries it.

From 500 rows on: five times the 100 of the largest page that the plans allow, and more than anybody reads. Only where
the reply is large too (50 kB): an application that adds rows up itself has another fault.
"""

from __future__ import annotations

from typing import Final

from perfkit import reading, units
from perfkit.judge.diagnose.evidence import DATABASE, Evidence
from perfkit.judge.diagnose.selects import is_bounded, is_select
from perfkit.model import Budget, Finding, QueryPlan, StatementShare

NAME: Final = "unbounded_result"
MIN_ROWS: Final = 500.0
MIN_BYTES: Final = 50_000.0
PAGE: Final = 100.0


def find(evidence: Evidence) -> list[Finding]:
    found = []
    for budget in evidence.budgets:
        reply_bytes = evidence.loaded("payload.decoded_bytes", budget.endpoint)
        worst = max(budget.statements, key=lambda share: _rows(share, evidence), default=None)
        if worst is None or reply_bytes is None or reply_bytes < MIN_BYTES:
            continue
        text = worst.statement.statement
        if _rows(worst, evidence) >= MIN_ROWS and is_select(text) and not is_bounded(text):
            found.append(_finding(evidence, budget, worst, reply_bytes))
    return found


def _rows(share: StatementShare, evidence: Evidence) -> float:
    """Of one execution: as the server counted, else as its plan says; 0 where neither is known."""
    if share.statement.rows is not None:
        return share.statement.rows
    plans = (plan for plan in evidence.plans if isinstance(plan, QueryPlan))
    plan = next((plan for plan in plans if plan.fingerprint == share.statement.fingerprint), None)
    return (plan.root.actual_rows or 0.0) if plan else 0.0


def _finding(evidence: Evidence, budget: Budget, worst: StatementShare, reply_bytes: float) -> Finding:
    rows = _rows(worst, evidence)
    # What grows with the rows: the statement, and what the application makes of them. What a page would leave stays.
    share = (worst.ms + budget.rest_ms) / budget.service_ms * (1 - PAGE / rows) if budget.service_ms else 0.0
    return Finding(
        rule=NAME,
        title=f"{budget.endpoint} hands out {rows:,.0f} rows: the statement has no LIMIT",
        evidence=(
            f"{reading.shortened(worst.statement.statement)}: {rows:,.0f} rows an execution, no LIMIT",
            f"{units.show(reply_bytes, 'bytes')} a reply;"
            f" {units.show(worst.ms, 'ms')} in the database and {units.show(budget.rest_ms, 'ms')} in the application",
        ),
        impact_ms=evidence.cost_ms(budget.endpoint, min(share, 1.0)),
        fix=f"Hand out pages of at most {PAGE:.0f} rows, in a fixed order, and let the caller ask for the next one.",
        sql=f"{worst.statement.statement.rstrip('; ')} LIMIT {PAGE:.0f};",
        fingerprint=worst.statement.fingerprint,
        endpoint=budget.endpoint,
        milestone=DATABASE,
        share=min(share, 1.0),
        confidence="measured",
        unless="the endpoint is an export that is meant to give all rows: then stream it",
    )
