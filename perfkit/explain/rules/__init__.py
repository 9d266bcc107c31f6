"""Diagnoses of plans: each rule is a file and a line here. Knows which there are, and ranks what they find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from perfkit.explain.rules import (
    all_partitions,
    cartesian_product,
    correlated_subplan,
    costly_inner,
    cte_filtered_late,
    forced_plan,
    foreign_key_trigger,
    function_rows,
    hash_spill,
    heap_fetches,
    index_filter,
    jit_overhead,
    join_filter,
    large_offset,
    limit_wrong_index,
    lossy_bitmap,
    memoize_evictions,
    not_parallel,
    or_across_columns,
    row_misestimate,
    selective_seq_scan,
    slow_planning,
    slow_serialization,
    sort_spill,
    stale_statistics,
    unbounded_result,
    wide_rows,
    workers_not_launched,
    wrapped_column,
)
from perfkit.explain.rules.rule import Place, Rule
from perfkit.model import CapturedQuery, Finding, NotExplained, QueryPlan

__all__ = ["RULES", "SILENCES", "Rule", "diagnose"]

RULES: Final[tuple[Rule, ...]] = (
    selective_seq_scan,
    wrapped_column,
    or_across_columns,
    index_filter,
    limit_wrong_index,
    heap_fetches,
    lossy_bitmap,
    all_partitions,
    not_parallel,
    workers_not_launched,
    costly_inner,
    cartesian_product,
    join_filter,
    correlated_subplan,
    cte_filtered_late,
    row_misestimate,
    stale_statistics,
    function_rows,
    forced_plan,
    sort_spill,
    hash_spill,
    memoize_evictions,
    jit_overhead,
    large_offset,
    unbounded_result,
    wide_rows,
    slow_serialization,
    slow_planning,
    foreign_key_trigger,
)

_SCANS: Final = ("selective_seq_scan", "wrapped_column", "or_across_columns", "index_filter")

# Where the finding stands whose cause is the other's too: at the same node, at or below it, below its parent (on either
# side of its join), or at its parent.
Where = Literal["at", "below", "beside", "parent"]

# Of two findings with one cause the first is told, the second is not.
SILENCES: Final[tuple[tuple[str, Where, str], ...]] = (
    ("wrapped_column", "at", "selective_seq_scan"),
    ("or_across_columns", "at", "selective_seq_scan"),
    ("limit_wrong_index", "at", "index_filter"),
    ("all_partitions", "parent", "selective_seq_scan"),
    ("all_partitions", "parent", "index_filter"),
    ("forced_plan", "at", "selective_seq_scan"),
    ("forced_plan", "at", "index_filter"),
    ("forced_plan", "at", "sort_spill"),
    ("forced_plan", "at", "join_filter"),
    ("stale_statistics", "below", "row_misestimate"),
    ("function_rows", "at", "row_misestimate"),
    ("row_misestimate", "below", "join_filter"),
    ("stale_statistics", "below", "join_filter"),
    ("function_rows", "below", "join_filter"),
    *((scan, "below", "correlated_subplan") for scan in _SCANS),
    *((scan, "below", "costly_inner") for scan in _SCANS),
    ("row_misestimate", "beside", "costly_inner"),
    ("stale_statistics", "beside", "costly_inner"),
    ("function_rows", "beside", "costly_inner"),
    ("forced_plan", "parent", "costly_inner"),
    ("join_filter", "parent", "costly_inner"),
    ("cartesian_product", "parent", "costly_inner"),
    ("unbounded_result", "at", "slow_serialization"),
    ("wide_rows", "at", "slow_serialization"),
)


def diagnose(plans: Iterable[QueryPlan | NotExplained], queries: Iterable[CapturedQuery] = ()) -> tuple[Finding, ...]:
    """What all rules find in all plans, the largest impact first: ms of one execution times the calls under load.

    Of several findings with one cause the rule that names the cause most closely is told.
    """
    by_fingerprint = {query.fingerprint: query for query in queries}
    found: list[tuple[float, Finding]] = []
    for plan in plans:
        if isinstance(plan, QueryPlan):
            query = by_fingerprint.get(plan.fingerprint)
            calls = query.calls if query else 1
            findings = _told_once([finding for rule in RULES for finding in rule.find(plan, query)])
            found += [((finding.impact_ms or 0.0) * calls, finding) for finding in findings]
    ranked = sorted(found, key=lambda pair: pair[0], reverse=True)
    return tuple(finding for _, finding in ranked)


def _told_once(findings: Sequence[Finding]) -> list[Finding]:
    """Without those that another one silences. One that is silenced itself still silences, as the cause is the same."""
    return [one for one in findings if not any(_silences(other, one) for other in findings)]


def _silences(other: Finding, one: Finding) -> bool:
    return any(
        (first, second) == (other.rule, one.rule) and _stands(other.node or (), where, one.node or ())
        for first, where, second in SILENCES
    )


def _stands(other: Place, where: Where, one: Place) -> bool:
    match where:
        case "at":
            return other == one
        case "below":
            return other[: len(one)] == one
        case "beside":
            return other[: len(one) - 1] == one[:-1]
        case "parent":
            return other == one[:-1] != one
