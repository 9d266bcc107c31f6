"""A statement without a LIMIT returns as many rows as there are.

Does not apply below 1,000 rows, where delivering those beyond the first 100 hardly takes any of the execution, or below
a LIMIT of any size. A report or an export may want all rows: then a cursor or COPY keeps the memory bounded.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import inputs, is_worth_of_execution, share_of_execution, told
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "unbounded_result"

MIN_ROWS: Final = 1_000
PAGE_ROWS: Final = 100

_PASSING_ON: Final = ("LockRows", "Subquery Scan", "Result", "Sort", "Gather", "Gather Merge")


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    rows, ms = plan.root.actual_rows or 0.0, _ms(plan)
    if rows < MIN_ROWS or _is_limited(plan.root) or not is_worth_of_execution(ms, plan):
        return []
    evidence = (
        f"{rows:,.0f} rows returned, and there is no LIMIT",
        f"{ms:,.1f} ms for those beyond the first {PAGE_ROWS},"
        f" {share_of_execution(ms, plan):.0%} of the execution, without sending and reading them",
    )
    fix = (
        f"Return a page: ORDER BY a unique key, LIMIT {PAGE_ROWS}, and go on from the last key. The result grows with"
        " the table; the time and memory of whoever reads it grow too."
    )
    title = f"{rows:,.0f} rows are returned without a LIMIT"
    return [told(plan, plan.root, NAME, title, evidence, ms, fix)]


def _is_limited(node: PlanNode) -> bool:
    if node.kind == "Limit":
        return True
    return node.kind in _PASSING_ON and any(map(_is_limited, inputs(node)))


def _ms(plan: QueryPlan) -> float:
    """From the first row to the last and into text, if each row takes the same, for the rows beyond a page."""
    root = plan.root
    delivering = max((root.total_ms or 0.0) - float(root.details.get("Actual Startup Time", 0.0)), 0.0)
    sent = (plan.serialization.time_ms if plan.serialization else None) or 0.0
    return (delivering + sent) * max(1 - PAGE_ROWS / max(root.actual_rows or 0.0, 1.0), 0.0)
