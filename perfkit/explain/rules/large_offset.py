"""OFFSET has rows made that are thrown away.

Does not apply below 1,000 rows thrown away, where fewer than ten are for each row kept, or where they hardly take any
of the query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, exclusive_ms, inputs, is_worth, nodes, told
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "large_offset"

MIN_SKIPPED: Final = 1_000
MIN_SKIPPED_A_ROW: Final = 10


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node in nodes(plan.root) if _skips_much(node) and is_worth(_ms(node), plan)]


def _made(limit: PlanNode) -> float:
    return inputs(limit)[0].actual_rows or 0.0


def _skipped(limit: PlanNode) -> float:
    return _made(limit) - (limit.actual_rows or 0.0)


def _skips_much(node: PlanNode) -> bool:
    if node.kind != "Limit" or not inputs(node):
        return False
    return _skipped(node) >= max(MIN_SKIPPED, MIN_SKIPPED_A_ROW * (node.actual_rows or 0.0))


def _ms(limit: PlanNode) -> float:
    """What the rows took that were thrown away, if all rows took the same."""
    return exclusive_ms(limit) * _skipped(limit) / max(_made(limit), 1.0)


def _finding(plan: QueryPlan, limit: PlanNode) -> Finding:
    key = next((node.details["Sort Key"] for node in nodes(limit) if "Sort Key" in node.details), None)
    ordered = ", ".join(redact_literals(str(one)) for one in key) if key else "the columns of ORDER BY"
    evidence = (
        f"Limit: {_made(limit):,.0f} rows made, {_skipped(limit):,.0f} thrown away, {limit.actual_rows:,.0f} kept",
        cost(_ms(limit), plan, "for what is thrown away"),
    )
    fix = (
        f"Go on from the last row of the page before instead of counting from the first (keyset pagination): remember"
        f" its values of {ordered}, ask WHERE for the rows beyond them, and have an index on these columns, a unique"
        " one last."
    )
    title = f"OFFSET makes {_skipped(limit):,.0f} rows and throws them away for {limit.actual_rows:,.0f}"
    return told(plan, limit, NAME, title, evidence, _ms(limit), fix)
