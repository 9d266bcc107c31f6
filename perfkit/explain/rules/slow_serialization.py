"""Making the rows into text for the client takes a good part of the execution.

Known from PostgreSQL 17 on. Does not apply below a quarter of the execution. Wide rows and results without a LIMIT have
rules of their own, which tell the cause.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.rule import is_worth_of_execution, share_of_execution, told
from perfkit.model import CapturedQuery, Finding, QueryPlan

NAME: Final = "slow_serialization"

MIN_SERIALIZATION_SHARE: Final = 0.25


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    sent = plan.serialization
    if sent is None or sent.time_ms is None or not is_worth_of_execution(sent.time_ms, plan, MIN_SERIALIZATION_SHARE):
        return []
    share = share_of_execution(sent.time_ms, plan)
    evidence = (
        f"{units.count(plan.root.actual_rows or 0, 'row')}, {sent.output_kb:,} kB of text",
        f"{sent.time_ms:,.1f} ms to make it, {share:.0%} of the execution, without sending it",
    )
    fix = (
        "Return fewer rows or fewer columns; large values that are stored apart (TOAST) are fetched and unpacked only"
        " now. Aggregate in the database what the application adds up."
    )
    title = f"Making {sent.output_kb:,} kB of text for the client takes {share:.0%} of the execution"
    return [told(plan, plan.root, NAME, title, evidence, sent.time_ms, fix)]
