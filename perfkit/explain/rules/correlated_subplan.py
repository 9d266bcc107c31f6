"""A subquery runs again for each row of the query around it.

Does not apply below 1,000 runs, where the runs hardly take any of the query's time, nor to a hashed subquery, which
runs once.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, exclusive_ms, is_worth, nodes, told, where
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "correlated_subplan"

MIN_RUNS: Final = 1_000


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [
        _finding(plan, node)
        for node in nodes(plan.root)
        if node.details.get("Parent Relationship") == "SubPlan"
        and node.loops >= MIN_RUNS
        and is_worth(exclusive_ms(node), plan)
    ]


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    name = node.details.get("Subplan Name", "a SubPlan")
    ms = exclusive_ms(node)
    reads = ", ".join(where(one) for one in nodes(node) if one.relation)
    evidence = (
        f"{name} ({reads or node.kind}) ran {node.loops:,.0f} times, {ms / node.loops:,.3f} ms each",
        cost(ms, plan, "in all runs"),
    )
    fix = (
        "Join what the subquery looks up: a LEFT JOIN with the subquery grouped by the column that ties it to the row"
        " works it out once for all rows. EXISTS instead of count(*) > 0, and a LIMIT before the subquery, help too."
    )
    title = f"{name} runs {node.loops:,.0f} times, once for each row around it"
    return told(plan, node, NAME, title, evidence, ms, fix)
