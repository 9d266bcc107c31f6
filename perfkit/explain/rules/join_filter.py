"""A join makes pairs and throws nearly all of them away by a filter that it could not use to find them.

Does not apply where fewer than 10,000 pairs are thrown away, where more than 5 % are kept, or where the join with its
inner side hardly takes any of the query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.conditions import column_pairs
from perfkit.explain.rules.estimates import JOINS
from perfkit.explain.rules.rule import cost, count, exclusive_ms, inputs, is_worth, nodes, quoted, told
from perfkit.explain.rules.scans import MAX_SELECTIVITY
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "join_filter"

MIN_REMOVED: Final = 10_000


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [
        _finding(plan, node)
        for node in nodes(plan.root)
        if node.kind in JOINS and len(inputs(node)) == 2 and _keeps_few(node) and is_worth(_ms(node), plan)
    ]


def _ms(join: PlanNode) -> float:
    return (join.exclusive_ms or 0.0) + exclusive_ms(inputs(join)[1])


def _removed(join: PlanNode) -> float:
    return count(join, "Rows Removed by Join Filter")


def _keeps_few(join: PlanNode) -> bool:
    pairs = _removed(join) + (join.actual_rows or 0.0)
    return _removed(join) >= MIN_REMOVED and (join.actual_rows or 0.0) / pairs < MAX_SELECTIVITY


def _finding(plan: QueryPlan, join: PlanNode) -> Finding:
    condition = str(join.details.get("Join Filter", ""))
    evidence = (
        f"{join.kind}: {_removed(join):,.0f} pairs made and thrown away, {join.actual_rows or 0:,.0f} kept",
        f"Join Filter: {redact_literals(condition)}",
        cost(_ms(join), plan, "with its inner side"),
    )
    found = _inner_column(join, condition)
    if found:
        table, column = found
        fix = (
            f"A candidate, not verified: an index on {table} ({column}), by which the inner side finds the rows that"
            " belong to each outer row. Without one, see why no hash join was chosen: an estimate that is too low."
        )
        sql = f"CREATE INDEX CONCURRENTLY ON {quoted(table)} ({column});"
    else:
        fix = (
            "Give the join an = between columns: split an OR into a UNION of two joins, turn a range into a table of"
            " its members, store what a function computes."
        )
        sql = None
    title = f"A join throws away {_removed(join):,.0f} pairs to keep {join.actual_rows or 0:,.0f}"
    return told(plan, join, NAME, title, evidence, _ms(join), fix, sql)


def _inner_column(join: PlanNode, condition: str) -> tuple[str, str] | None:
    """Table and column of the inner side that the filter compares with = with a column of the outer side."""
    inner = {node.details.get("Alias"): node.relation for node in nodes(inputs(join)[1]) if node.relation}
    for one, other in column_pairs(condition):
        for (alias, column), (elsewhere, _) in ((one, other), (other, one)):
            if (table := inner.get(alias)) and elsewhere not in inner:
                return table, column
    return None
