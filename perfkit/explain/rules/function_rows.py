"""The planner took its default of 1,000 rows for what a function returns, and chose a join on that.

Does not apply where the number is right within a factor of 10, where no join depends on it, or where the join hardly
takes any of the query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.estimates import factor, is_wrong, nearest_join
from perfkit.explain.rules.rule import exclusive_ms, is_worth, paths, share_of, told
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "function_rows"

DEFAULT_ROWS: Final = 1_000.0
MIN_FACTOR: Final = 10.0


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    findings = []
    for node, above in paths(plan.root):
        join = nearest_join(above)
        if node.kind == "Function Scan" and join and node.planned_rows == DEFAULT_ROWS * max(node.loops, 1):
            lost_ms = exclusive_ms(join) - exclusive_ms(node)
            if is_wrong(node, above, MIN_FACTOR) and is_worth(lost_ms, plan):
                findings.append(_finding(plan, node, join, lost_ms))
    return findings


def _finding(plan: QueryPlan, node: PlanNode, join: PlanNode, lost_ms: float) -> Finding:
    name = node.details.get("Function Name", "a function")
    came = (node.actual_rows or 0.0) / node.loops
    evidence = (
        f"Function Scan on {name}: {DEFAULT_ROWS:,.0f} rows planned, {came:,.0f} came,"
        f" off by a factor of {factor(node):,.0f}",
        f"the {join.kind} chosen on that took {lost_ms:,.1f} ms, {share_of(lost_ms, plan):.0%} of the query",
    )
    fix = (
        f"Tell the planner how many to expect: ALTER FUNCTION {name} ROWS {max(round(came), 1)}, if it is your own."
        " Else put its rows into a temporary table and ANALYZE that, or pass them as an array to = ANY."
    )
    title = f"The planner expects {DEFAULT_ROWS:,.0f} rows from {name}, as it knows nothing of it; {came:,.0f} came"
    return told(plan, node, NAME, title, evidence, lost_ms, fix)
