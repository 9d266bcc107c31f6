"""A filter joins conditions on different columns with OR, and the table is read whole for a few rows.

Does not apply to a small table, to a scan that hardly takes any of the query's time, where a good part of the rows is
wanted, where one column is in all branches (an index on it serves them), or where a branch compares no plain column.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.conditions import alternatives
from perfkit.explain.rules.rule import cost, facts_on, nodes, quoted, told
from perfkit.explain.rules.scans import is_wasteful, pages, rows_read, shown
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "or_across_columns"


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    findings = []
    for node in nodes(plan.root):
        if is_wasteful(plan, node):
            branches = alternatives(str(node.details["Filter"]), node.details.get("Alias"))
            if branches and not set(branches[0]).intersection(*branches[1:]):
                findings.append(_finding(plan, node, list(dict.fromkeys(branch[0] for branch in branches))))
    return findings


def _finding(plan: QueryPlan, node: PlanNode, columns: list[str]) -> Finding:
    table = node.relation or "?"
    evidence = (
        f"Filter: {redact_literals(str(node.details['Filter']))}",
        f"Seq Scan on {table}: {shown(rows_read(node), node.loops)} rows and {units.count(pages(node), 'page')} read,"
        f" {units.count(node.actual_rows or 0, 'row')} kept",
        cost(node.exclusive_ms, plan),
    )
    facts = facts_on(plan, node.relation)
    served = {index.columns[0] for index in facts.indexes} if facts else set()
    missing = [column for column in columns if column.strip('"') not in served]
    fix = (
        f"A candidate, not verified: an index for each branch ({', '.join(columns)}); the planner joins them with a"
        " BitmapOr. Or write the branches as two statements joined by UNION, each with its own index."
    )
    sql = " ".join(f"CREATE INDEX CONCURRENTLY ON {quoted(table)} ({column});" for column in missing)
    title = f"OR across {' and '.join(columns)} has {table} read whole"
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, fix, sql or None)
