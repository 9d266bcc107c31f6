"""Compiling the expressions takes a good part of the execution, more than it can save.

Does not apply below a quarter of the execution: there it may have paid for itself. Where the time was not taken
(TIMING OFF), nothing is said.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import is_worth_of_execution, share_of_execution, told
from perfkit.model import CapturedQuery, Finding, QueryPlan

NAME: Final = "jit_overhead"

MIN_JIT_SHARE: Final = 0.25


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    jit = plan.jit
    if jit is None or jit.total_ms is None or not is_worth_of_execution(jit.total_ms, plan, MIN_JIT_SHARE):
        return []
    share = share_of_execution(jit.total_ms, plan)
    evidence = (f"JIT: {jit.functions:,} functions compiled in {jit.total_ms:,.1f} ms, {share:.0%} of the execution",)
    fix = (
        "Switch it off for this statement or this role, or raise jit_above_cost so that only long queries are compiled:"
        " what an estimated cost sets off, a wrong estimate sets off in vain."
    )
    title = f"Compiling (JIT) takes {share:.0%} of the execution"
    return [told(plan, plan.root, NAME, title, evidence, jit.total_ms, fix, "SET LOCAL jit = off;")]
