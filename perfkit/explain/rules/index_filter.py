"""An index finds many rows, and a filter throws nearly all of them away.

Does not apply where fewer than 1,000 rows are thrown away, where more than 5 % are kept, or where the scan hardly takes
any of the query's time. An index that is read in its order below a LIMIT is `limit_wrong_index`.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.conditions import comparisons
from perfkit.explain.rules.rule import cost, count, is_worth, nodes, quoted, told, where
from perfkit.explain.rules.scans import index_columns, keeps_few, rows_read, shown
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "index_filter"

MIN_REMOVED: Final = 1_000

_SCANS: Final = ("Index Scan", "Index Only Scan", "Bitmap Heap Scan")


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node in nodes(plan.root) if _is_wasteful(plan, node)]


def _is_wasteful(plan: QueryPlan, node: PlanNode) -> bool:
    is_much = count(node, "Rows Removed by Filter") >= MIN_REMOVED
    return node.kind in _SCANS and is_much and keeps_few(node) and is_worth(node.exclusive_ms, plan)


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    table, index = node.relation or "?", node.index or next((one.index for one in nodes(node) if one.index), "an index")
    found = str(node.details.get("Index Cond") or node.details.get("Recheck Cond") or "")
    filtered = str(node.details["Filter"])
    alias = node.details.get("Alias")
    columns = index_columns([*(comparisons(found, alias) or []), *(comparisons(filtered, alias) or [])])
    read = shown(rows_read(node), node.loops)
    evidence = (
        f"{node.kind} on {table}: {index} finds {read} rows, the filter keeps {node.actual_rows:,.0f}",
        f"Condition: {redact_literals(found) or 'none'}; filter: {redact_literals(filtered)}",
        cost(node.exclusive_ms, plan),
    )
    is_more = bool(comparisons(filtered, alias)) and bool(columns)
    fix = (
        f"A candidate, not verified: one index on {table} ({', '.join(columns)}), so that the index itself leaves out"
        " what the filter does now."
        if is_more
        else "The filter compares no plain column with a value: index what it computes, or narrow the condition."
    )
    sql = f"CREATE INDEX CONCURRENTLY ON {quoted(table)} ({', '.join(columns)});" if is_more else None
    title = f"{where(node)} finds {read} rows by {index} to keep {node.actual_rows:,.0f}"
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, fix, sql)
