"""For ORDER BY with LIMIT the rows are read in an index's order until enough fit the filter, and few do.

The planner supposes that fitting rows are spread evenly over that order. Does not apply where fewer than 1,000 rows are
read in vain, where more than 5 % fit, where the scan hardly takes any of the query's time, or where the index also has
a condition that narrows it down.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.conditions import comparisons
from perfkit.explain.rules.rule import cost, count, facts_on, is_worth, paths, quoted, told
from perfkit.explain.rules.scans import index_columns, keeps_few, rows_read
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "limit_wrong_index"

MIN_REMOVED: Final = 1_000

_KEEP_ORDER: Final = (
    "Limit",
    "Nested Loop",
    "Result",
    "Subquery Scan",
    "Gather Merge",
    "LockRows",
    "Unique",
    "Memoize",
)


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node, above in paths(plan.root) if _is_wrong(plan, node, above)]


def _is_wrong(plan: QueryPlan, node: PlanNode, above: tuple[PlanNode, ...]) -> bool:
    kinds = [one.kind for one in above]
    limits = [place for place, kind in enumerate(kinds) if kind == "Limit"]
    return (
        node.kind in ("Index Scan", "Index Only Scan")
        and "Index Cond" not in node.details
        and bool(limits)
        and all(kind in _KEEP_ORDER for kind in kinds[limits[-1] :])
        and count(node, "Rows Removed by Filter") >= MIN_REMOVED
        and keeps_few(node)
        and is_worth(node.exclusive_ms, plan)
    )


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    table = node.relation or "?"
    filtered = str(node.details["Filter"])
    kept = f"{node.actual_rows:,.0f}"
    evidence = (
        f"{node.kind} on {table} by {node.index}: {rows_read(node):,.0f} rows read in its order, {kept} fit",
        f"Filter: {redact_literals(filtered)}",
        cost(node.exclusive_ms, plan),
    )
    columns = _columns(plan, node, filtered)
    fix = "An index that begins with the filter's columns and goes on with those of ORDER BY finds the rows at once."
    if columns:
        fix += f" A candidate, not verified: {table} ({', '.join(columns)})."
    sql = f"CREATE INDEX CONCURRENTLY ON {quoted(table)} ({', '.join(columns)});" if columns else None
    title = f"{rows_read(node):,.0f} rows of {table} are read in the order of {node.index} to find {kept} for a LIMIT"
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, fix, sql)


def _columns(plan: QueryPlan, node: PlanNode, filtered: str) -> list[str]:
    """Those of the filter, then those of the index that has the order; none where either is not known."""
    facts = facts_on(plan, node.relation)
    ordered = next((one.columns for one in facts.indexes if one.name == node.index), ()) if facts else ()
    found = index_columns(
        [one for one in comparisons(filtered, node.details.get("Alias")) or [] if one.kind != "range"]
    )
    if not found or not ordered or None in ordered:
        return []
    return list(dict.fromkeys([*found, *(quoted(str(column)) for column in ordered)]))
