"""The planner was wrong about the number of rows, and chose a join on that number.

Told at the lowest node that is wrong, as the nodes above it only pass the error on. Does not apply where no join
depends on the number, where the join hardly takes any time, nor to "fewer rows than planned" below a node that stops
reading early (Limit, Merge Join, semi and anti join).
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.conditions import comparisons
from perfkit.explain.rules.estimates import factor, is_wrong, nearest_join
from perfkit.explain.rules.rule import exclusive_ms, is_worth, paths, quoted, share_of, told, where
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "row_misestimate"

MIN_FACTOR: Final = 10.0


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    findings = []
    for node, above in paths(plan.root):
        join = nearest_join(above)
        if join is None or not _is_origin(node, above):
            continue
        lost_ms = exclusive_ms(join) - exclusive_ms(node)
        if is_worth(lost_ms, plan):
            findings.append(_finding(plan, node, join, lost_ms))
    return findings


def _is_origin(node: PlanNode, above: tuple[PlanNode, ...]) -> bool:
    return is_wrong(node, above, MIN_FACTOR) and not any(
        is_wrong(child, (*above, node), MIN_FACTOR) for child in node.children
    )


def _finding(plan: QueryPlan, node: PlanNode, join: PlanNode, lost_ms: float) -> Finding:
    condition = node.details.get("Filter") or node.details.get("Index Cond")
    columns = _columns(node)
    evidence = [
        f"{where(node)}: {units.count(node.planned_rows, 'row')} planned, {node.actual_rows:,.0f} came",
        f"the {join.kind} chosen on that took {lost_ms:,.1f} ms, {share_of(lost_ms, plan):.0%} of the query",
    ]
    if condition:
        evidence.insert(1, f"Condition: {redact_literals(str(condition))}")
    title = f"The planner is off by a factor of {factor(node):,.0f} at {where(node)}"
    return told(plan, node, NAME, title, evidence, lost_ms, _fix(node, columns), _sql(node, columns))


def _columns(node: PlanNode) -> list[str]:
    """The columns whose values may depend on each other, two or more."""
    conditions = (node.details.get(key) for key in ("Filter", "Index Cond", "Recheck Cond"))
    alias = node.details.get("Alias")
    found = [one.column for text in conditions if text for one in comparisons(str(text), alias) or ()]
    distinct = list(dict.fromkeys(found))
    return distinct if len(distinct) > 1 else []


def _fix(node: PlanNode, columns: list[str]) -> str:
    if node.relation and columns:
        return (
            f"A candidate, not verified: the planner multiplies the chances of {' and '.join(columns)} as if they had"
            " nothing to do with each other; extended statistics tell it that they have."
        )
    if node.relation:
        return (
            f"Refresh the statistics of {node.relation}; if that does not help, raise its columns' statistics target."
        )
    return "Look at the conditions of this node: the planner cannot estimate them from the tables' statistics."


def _sql(node: PlanNode, columns: list[str]) -> str | None:
    if not node.relation:
        return None
    table = quoted(node.relation)
    if not columns:
        return f"ANALYZE {table};"
    name = quoted("_".join([node.relation, *(column.strip('"') for column in columns), "stats"])[:63])
    return f"CREATE STATISTICS {name} ON {', '.join(columns)} FROM {table}; ANALYZE {table};"
