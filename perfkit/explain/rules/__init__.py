"""Diagnoses of plans: each rule is a file and a line here. Knows which there are, and ranks what they find."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from perfkit.explain.rules import row_misestimate, selective_seq_scan, sort_spill
from perfkit.explain.rules.rule import Rule
from perfkit.model import CapturedQuery, Finding, NotExplained, QueryPlan

__all__ = ["RULES", "Rule", "diagnose"]

RULES: Final[tuple[Rule, ...]] = (
    selective_seq_scan,
    sort_spill,
    row_misestimate,
)


def diagnose(plans: Iterable[QueryPlan | NotExplained], queries: Iterable[CapturedQuery] = ()) -> tuple[Finding, ...]:
    """What all rules find in all plans, the largest impact first: ms of one execution times the calls under load."""
    by_fingerprint = {query.fingerprint: query for query in queries}
    found: list[tuple[float, Finding]] = []
    for plan in plans:
        if isinstance(plan, QueryPlan):
            query = by_fingerprint.get(plan.fingerprint)
            calls = query.calls if query else 1
            findings = (finding for rule in RULES for finding in rule.find(plan, query))
            found += [((finding.impact_ms or 0.0) * calls, finding) for finding in findings]
    ranked = sorted(found, key=lambda pair: pair[0], reverse=True)
    return tuple(finding for _, finding in ranked)
