"""A sort does not fit into work_mem and goes through temporary files.

Does not apply where the sort hardly takes any of the query's time. An incremental sort is not looked at: it sorts
group by group, and EXPLAIN tells only the mean of the groups.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, is_worth, nodes, processes, told
from perfkit.explain.rules.work_mem import MEMORY_PER_DISK, fix_and_sql
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "sort_spill"


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [
        _finding(plan, node)
        for node in nodes(plan.root)
        if node.kind == "Sort" and _disk_kb(node) and is_worth(node.exclusive_ms, plan)
    ]


def _disk_kb(node: PlanNode) -> list[int]:
    """What each process wrote to disk, in kB; empty where all sorted in memory."""
    return [int(one.get("Sort Space Used", 0)) for one in processes(node) if one.get("Sort Space Type") == "Disk"]


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    disk_kb = _disk_kb(node)
    keys = ", ".join(redact_literals(str(key)) for key in node.details.get("Sort Key", ()))
    fix, sql = fix_and_sql(
        "Sort fewer rows (a LIMIT, a narrower filter), or have an index deliver them in this order.",
        max(disk_kb) * MEMORY_PER_DISK,
    )
    evidence = (
        f"Sort by {keys}: {node.details.get('Sort Method', 'external')},"
        f" {sum(disk_kb):,} kB on disk in {len(disk_kb)} process{'es' * (len(disk_kb) > 1)}",
        cost(node.exclusive_ms, plan),
    )
    title = f"Sorting {node.actual_rows or 0:,.0f} rows spills {sum(disk_kb) / 1000:,.1f} MB to temporary files"
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, fix, sql)
