"""Two sides are joined without any condition: every row with every row.

Does not apply where one side has fewer than 10 rows, where fewer than 10,000 pairs come out, where the product hardly
takes any of the query's time, to semi and anti joins, nor where the inner side holds a function, whose arguments a plan
does not tell.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.conditions import aliases_in
from perfkit.explain.rules.rule import cost, exclusive_ms, inputs, is_worth, nodes, told, where
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "cartesian_product"

MIN_ROWS_A_SIDE: Final = 10
MIN_PAIRS: Final = 10_000

_UNTOLD: Final = ("Function Scan", "Table Function Scan", "ProjectSet", "Result", "Values Scan", "Memoize")


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node in nodes(plan.root) if _is_product(node) and is_worth(_ms(node), plan)]


def _ms(join: PlanNode) -> float:
    return (join.exclusive_ms or 0.0) + exclusive_ms(inputs(join)[1])


def _is_product(join: PlanNode) -> bool:
    if join.kind != "Nested Loop" or len(inputs(join)) != 2 or "Join Filter" in join.details:
        return False
    outer, inner = inputs(join)
    sides = [(side.actual_rows or 0.0) / max(side.loops, 1) for side in (outer, inner)]
    return (
        join.details.get("Join Type", "Inner") in ("Inner", "Left", "Right", "Full")
        and min(sides) >= MIN_ROWS_A_SIDE
        and (join.actual_rows or 0.0) >= MIN_PAIRS
        and not any(node.kind in _UNTOLD for node in nodes(inner))
        and not _depends(inner)
    )


def _depends(inner: PlanNode) -> bool:
    """Whether a condition of the inner side names a table that is not in it: then each turn finds other rows."""
    own = {node.details.get("Alias") for node in nodes(inner)}
    conditions = [
        str(value) for node in nodes(inner) for key, value in node.details.items() if key.endswith(("Cond", "Filter"))
    ]
    return any(aliases_in(condition) - own for condition in conditions)


def _finding(plan: QueryPlan, join: PlanNode) -> Finding:
    outer, inner = inputs(join)
    left, right = ((side.actual_rows or 0.0) / max(side.loops, 1) for side in (outer, inner))
    names = [next((where(node) for node in nodes(side) if node.relation), side.kind) for side in (outer, inner)]
    evidence = (
        f"Nested Loop without a condition: {units.count(left, 'row')} of {names[0]} with {right:,.0f} of {names[1]}"
        f" make {join.actual_rows:,.0f}",
        cost(_ms(join), plan, "for the pairs"),
    )
    fix = (
        "Look for the join condition that is missing. Where all pairs are wanted, reduce both sides first, and make"
        " the pairs in the application."
    )
    title = f"Every row with every row: {join.actual_rows:,.0f} pairs without a join condition"
    return told(plan, join, NAME, title, evidence, _ms(join), fix)
