"""A Memoize node forgets results before they are asked for again, because its cache is too small.

Does not apply below 1,000 forgotten results, where they are fewer than a tenth of those computed, or where computing
them hardly takes any of the query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, exclusive_ms, is_worth, nodes, told
from perfkit.explain.rules.work_mem import fix_and_sql
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "memoize_evictions"

MIN_EVICTIONS: Final = 1_000
MIN_SHARE_OF_MISSES: Final = 0.10


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node in nodes(plan.root) if _forgets(plan, node)]


def _forgets(plan: QueryPlan, node: PlanNode) -> bool:
    evictions, misses = _figure(node, "Evictions"), _figure(node, "Misses")
    is_much = evictions >= max(MIN_EVICTIONS, MIN_SHARE_OF_MISSES * misses)
    return node.kind == "Memoize" and is_much and is_worth(exclusive_ms(node), plan)


def _figure(node: PlanNode, name: str) -> int:
    return int(node.details.get(f"Cache {name}", 0))


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    ms = exclusive_ms(node)
    hits, misses, evictions = (_figure(node, name) for name in ("Hits", "Misses", "Evictions"))
    peak_kb = int(node.details.get("Peak Memory Usage", 0))
    held = max(misses - evictions, 1)
    fix, sql = fix_and_sql(
        "A hash join reads the inner side once: see why it was not chosen.", 2 * peak_kb * misses / held
    )
    evidence = (
        f"Memoize by {redact_literals(str(node.details.get('Cache Key', '?')))}: {hits:,} hits, {misses:,} misses,"
        f" {evictions:,} results forgotten to stay within {peak_kb:,} kB",
        cost(ms, plan, "with what it computes"),
    )
    title = f"A cache of {peak_kb:,} kB inside of the plan forgets {evictions:,} of {misses:,} results"
    return told(plan, node, NAME, title, evidence, ms, fix, sql)
