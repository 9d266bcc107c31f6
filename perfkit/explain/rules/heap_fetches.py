"""An index-only scan has to look into the table after all, because its pages are not known to be visible to everybody.

Does not apply below 1,000 looks, where they are fewer than a tenth of the rows, or where the scan hardly takes any of
the query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, is_worth, nodes, quoted, told
from perfkit.explain.rules.scans import rows_read
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "heap_fetches"

MIN_FETCHES: Final = 1_000
MIN_SHARE_OF_ROWS: Final = 0.10


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node in nodes(plan.root) if _fetches_much(plan, node)]


def _fetches(node: PlanNode) -> int:
    """Over all loops: unlike rows, EXPLAIN tells these as a sum."""
    return int(node.details.get("Heap Fetches", 0))


def _fetches_much(plan: QueryPlan, node: PlanNode) -> bool:
    return (
        node.kind == "Index Only Scan"
        and _fetches(node) >= max(MIN_FETCHES, MIN_SHARE_OF_ROWS * rows_read(node))
        and is_worth(node.exclusive_ms, plan)
    )


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    table = node.relation or "?"
    evidence = (
        f"Index Only Scan on {table} by {node.index}: {_fetches(node):,} looks into the table"
        f" for {rows_read(node):,.0f} rows",
        cost(node.exclusive_ms, plan),
    )
    fix = (
        f"VACUUM {table} marks its pages as visible to everybody. Where it is soon the same again, have autovacuum come"
        " more often to this table (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor), and look"
        " for transactions that stay open."
    )
    title = f"The index-only scan on {table} looks into the table {_fetches(node):,} times"
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, fix, f"VACUUM (ANALYZE) {quoted(table)};")
