"""Planning the statement takes longer than executing it.

Does not apply below 5 ms of planning.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import nodes, told
from perfkit.model import CapturedQuery, Finding, QueryPlan

NAME: Final = "slow_planning"

MIN_MS: Final = 5.0


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    planning, execution = plan.planning_ms, plan.execution_ms
    if planning is None or execution is None or planning < max(MIN_MS, execution):
        return []
    relations = [node.relation for node in nodes(plan.root) if node.relation]
    evidence = (
        f"planning {planning:,.1f} ms, execution {execution:,.1f} ms",
        f"{len(relations):,} scans of {len(set(relations)):,} tables in the plan",
    )
    fix = (
        "Prepare the statement on connections that stay open, so that it is planned once (plan_cache_mode ="
        " force_generic_plan where the plan is the same for all parameters); join fewer tables, or have fewer"
        " partitions to plan for."
    )
    title = f"Planning takes {planning:,.1f} ms, executing {execution:,.1f} ms"
    return [told(plan, plan.root, NAME, title, evidence, planning, fix)]
