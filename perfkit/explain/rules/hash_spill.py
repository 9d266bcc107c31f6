"""A hash table does not fit into memory (work_mem × hash_mem_multiplier) and goes through temporary files.

Both that of a hash join (more than one batch) and that of a grouping (disk usage). Does not apply where the node and
its join hardly take any of the query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, is_worth, paths, processes, told, where
from perfkit.explain.rules.work_mem import MEMORY_PER_DISK, fix_and_sql
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "hash_spill"

_PAGE_KB: Final = 8


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    findings = []
    for node, above in paths(plan.root):
        spilled = _join_spill(node) if node.kind == "Hash" else _group_spill(node)
        own_ms = (node.exclusive_ms or 0.0) + (
            (above[-1].exclusive_ms or 0.0) if node.kind == "Hash" and above else 0.0
        )
        if spilled and is_worth(own_ms, plan):
            findings.append(_finding(plan, node, own_ms, *spilled))
    return findings


def _join_spill(node: PlanNode) -> tuple[str, float] | None:
    """What happened, and the memory in kB that would have held it."""
    batches, peak_kb = node.details.get("Hash Batches", 1), node.details.get("Peak Memory Usage", 0)
    if batches <= 1:
        return None
    written_kb = node.details.get("Temp Written Blocks", 0) * _PAGE_KB
    return f"{batches:,} batches of up to {peak_kb:,} kB, {written_kb:,} kB written below it", batches * peak_kb


def _group_spill(node: PlanNode) -> tuple[str, float] | None:
    told_by = list(processes(node)) if node.kind == "Aggregate" else []
    disk_kb = [int(one.get("Disk Usage", 0)) for one in told_by]
    if not sum(disk_kb):
        return None
    batches = max(int(one.get("HashAgg Batches", 0)) for one in told_by)
    return f"{batches:,} batches, {sum(disk_kb):,} kB on disk", max(disk_kb) * MEMORY_PER_DISK


def _finding(plan: QueryPlan, node: PlanNode, own_ms: float, what: str, needed_kb: float) -> Finding:
    fix, sql = fix_and_sql(
        "Hash fewer or narrower rows: filter earlier, and select only the columns needed.", needed_kb
    )
    is_join = node.kind == "Hash"
    evidence = (
        f"{where(node)}: {node.actual_rows or 0:,.0f} {'rows' if is_join else 'groups'}, {what}",
        cost(own_ms, plan, "with its join" if is_join else "of its own"),
    )
    title = f"A hash table for {'a join' if is_join else 'grouping'} does not fit into memory and spills"
    return told(plan, node, NAME, title, evidence, own_ms, fix, sql)
