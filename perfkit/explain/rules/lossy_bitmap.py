"""A bitmap does not fit into work_mem, so it remembers pages instead of rows, and every row on them is checked again.

Does not apply below 1,000 such pages, where no row was checked in vain, or where the scan hardly takes any of the
query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, count, is_worth, nodes, processes, told
from perfkit.explain.rules.work_mem import fix_and_sql
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "lossy_bitmap"

MIN_LOSSY_PAGES: Final = 1_000

# A page in an exact bitmap takes about 60 bytes with its place in the hash table, which is at most half full.
_KB_PER_PAGE: Final = 0.12


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [
        _finding(plan, node)
        for node in nodes(plan.root)
        if node.kind == "Bitmap Heap Scan"
        and _pages(node, "Lossy") >= MIN_LOSSY_PAGES
        and count(node, "Rows Removed by Index Recheck") > 0
        and is_worth(node.exclusive_ms, plan)
    ]


def _pages(node: PlanNode, kind: str) -> int:
    return sum(int(one.get(f"{kind} Heap Blocks", 0)) for one in processes(node))


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    lossy, exact = _pages(node, "Lossy"), _pages(node, "Exact")
    checked = count(node, "Rows Removed by Index Recheck")
    fix, sql = fix_and_sql(
        "A narrower condition, or an index that leaves fewer rows, makes the bitmap small.",
        (lossy + exact) * _KB_PER_PAGE,
    )
    evidence = (
        f"Bitmap Heap Scan on {node.relation}: {lossy:,} pages remembered whole, {exact:,} row by row",
        f"{checked:,.0f} rows checked again in vain for {node.actual_rows:,.0f} that fit",
        cost(node.exclusive_ms, plan),
    )
    title = f"The bitmap on {node.relation} does not fit into memory: {checked:,.0f} rows are checked again in vain"
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, fix, sql)
