"""A whole table is read to keep a few of its rows.

Does not apply to a small table, to a scan that hardly takes any of the query's time, nor where a good part of the rows
is wanted: there reading all of it is the fastest way. The index is a candidate, as nothing here has tried it.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.conditions import comparisons
from perfkit.explain.rules.rule import cost, nodes, quoted, told
from perfkit.explain.rules.scans import index_columns, is_wasteful, pages, rows_read, shown
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "selective_seq_scan"


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node in nodes(plan.root) if is_wasteful(plan, node)]


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    table = node.relation or "?"
    columns = index_columns(comparisons(str(node.details["Filter"]), node.details.get("Alias")) or [])
    read, kept = shown(rows_read(node), node.loops), units.count(node.actual_rows or 0, "row")
    evidence = (
        f"Seq Scan on {table}: {read} rows and {units.count(pages(node), 'page')} read, {kept} kept",
        f"Filter: {redact_literals(str(node.details['Filter']))}",
        cost(node.exclusive_ms, plan),
    )
    title = f"{table} is read whole to keep {kept} of {read}"
    sql = f"CREATE INDEX CONCURRENTLY ON {quoted(table)} ({', '.join(columns)});" if columns else None
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, _fix(table, columns), sql)


def _fix(table: str, columns: list[str]) -> str:
    if columns:
        return (
            f"A candidate, not verified: an index on {table} ({', '.join(columns)})."
            " Check that there is none yet, and measure again with it."
        )
    return (
        f"The filter on {table} does not compare plain columns with values, so no index can be named from it:"
        " look for one on the expression, or write the condition so that a column stands alone."
    )
