"""A sort does not fit into work_mem and goes through temporary files.

Does not apply where the sort hardly takes any of the query's time. An incremental sort is not looked at: it sorts
group by group, and EXPLAIN tells only the mean of the groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from perfkit.explain.rules.rule import MIN_SHARE, nodes, share_of
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "sort_spill"

# On disk a row has no header and no padding: in memory the same rows take two to four times the room.
_MEMORY_PER_DISK: Final = 4
_MAX_PROPOSED_MB: Final = 512


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [
        _finding(plan, node)
        for node in nodes(plan.root)
        if node.kind == "Sort" and _disk_kb(node) and share_of(node.exclusive_ms, plan) >= MIN_SHARE
    ]


def _disk_kb(node: PlanNode) -> list[int]:
    """What each process wrote to disk, in kB; empty where all sorted in memory."""
    return [int(told.get("Sort Space Used", 0)) for told in _processes(node) if told.get("Sort Space Type") == "Disk"]


def _processes(node: PlanNode) -> Iterator[Any]:
    yield node.details
    yield from node.details.get("Workers", ())


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    disk_kb = _disk_kb(node)
    keys = ", ".join(redact_literals(str(key)) for key in node.details.get("Sort Key", ()))
    work_mem_mb = _work_mem_mb(max(disk_kb))
    return Finding(
        rule=NAME,
        title=f"Sorting {node.actual_rows or 0:,.0f} rows spills {sum(disk_kb) / 1000:,.1f} MB to temporary files",
        evidence=(
            f"Sort by {keys}: {node.details.get('Sort Method', 'external')},"
            f" {sum(disk_kb):,} kB on disk in {len(disk_kb)} process{'es' * (len(disk_kb) > 1)}",
            f"{node.exclusive_ms or 0:,.1f} ms of its own, {share_of(node.exclusive_ms, plan):.0%} of the query",
        ),
        impact_ms=node.exclusive_ms,
        fix=(
            "Sort fewer rows (a LIMIT, a narrower filter), or have an index deliver them in this order. Else give this"
            " query, not the whole server, more work_mem: every sort of every connection may take that much."
            + (" The size is a candidate, not verified." if work_mem_mb else "")
        ),
        sql=f"SET LOCAL work_mem = '{work_mem_mb}MB';" if work_mem_mb else None,
        fingerprint=plan.fingerprint,
    )


def _work_mem_mb(disk_kb: int) -> int | None:
    """A power of two that holds the sort in memory; None where that is more than one query should have."""
    wanted = 4
    while wanted * 1024 < disk_kb * _MEMORY_PER_DISK:
        wanted *= 2
    return wanted if wanted <= _MAX_PROPOSED_MB else None
