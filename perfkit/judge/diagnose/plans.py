"""What the rules say of single plans, as findings of the whole run: at which endpoint, and what it costs there.

A plan tells what part of a statement's time something takes, the trace what part of a request's time the statement
takes, the load how long a request takes. Knows no rule; the product of the three is all it adds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from perfkit.judge.diagnose.advised import with_advice
from perfkit.judge.diagnose.evidence import DATABASE, MIN_SHARE, Evidence
from perfkit.model import Finding, PlanNode, QueryPlan

_UNLESS: Final = "the captured parameters were unusual ones; try with those that are frequent"


def findings_of_plans(evidence: Evidence) -> list[Finding]:
    """One for each cause: a rule with the same fix in several statements is told once, with all that it costs."""
    by_cause: defaultdict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for finding in evidence.plan_findings:
        told = with_advice(finding, evidence)
        by_cause[told.rule, told.sql or told.fingerprint].append(_placed(told, evidence))
    merged = [_merged(findings, evidence) for findings in by_cause.values()]
    return [finding for finding in merged if _is_worth_it(finding, evidence)]


def _placed(finding: Finding, evidence: Evidence) -> Finding:
    """With the endpoint at which it costs most under load, and what it costs there; as it is where no trace tells."""
    plan_share = _share_of_plan(finding, evidence)
    places = [
        (evidence.cost_ms(budget.endpoint, part) * evidence.weight(budget.endpoint), budget.endpoint, part)
        for budget in evidence.budgets
        for share in budget.statements
        if share.statement.fingerprint == finding.fingerprint and budget.service_ms > 0 and plan_share is not None
        for part in [min(plan_share * share.ms / budget.service_ms, 1.0)]
    ]
    placed = replace(
        finding,
        milestone=finding.milestone or DATABASE,
        confidence=finding.confidence or "measured",
        unless=finding.unless or _UNLESS,
    )
    if not places:
        return placed
    _, endpoint, part = max(places)
    return replace(placed, endpoint=endpoint, share=part, impact_ms=evidence.cost_ms(endpoint, part))


def _share_of_plan(finding: Finding, evidence: Evidence) -> float | None:
    plans = (plan for plan in evidence.plans if isinstance(plan, QueryPlan))
    plan = next((plan for plan in plans if plan.fingerprint == finding.fingerprint), None)
    whole_ms = sum(node.exclusive_ms or 0.0 for node in _nodes(plan.root)) if plan else 0.0
    return None if finding.impact_ms is None or whole_ms <= 0 else min(finding.impact_ms / whole_ms, 1.0)


def _nodes(root: PlanNode) -> Iterable[PlanNode]:
    yield root
    for child in root.children:
        yield from _nodes(child)


def _merged(findings: Sequence[Finding], evidence: Evidence) -> Finding:
    first = max(findings, key=lambda one: (one.impact_ms or 0.0) * evidence.weight(one.endpoint))
    others = [one for one in findings if one is not first]
    together = [one for one in others if one.endpoint == first.endpoint and one.fingerprint != first.fingerprint]
    elsewhere = {one.endpoint: one for one in others if one.endpoint not in (None, first.endpoint)}
    evidence_lines = (
        *first.evidence,
        *(one.evidence[0] for one in together if one.evidence),
        *(f"also in {endpoint}: {one.impact_ms or 0:,.1f} ms a request" for endpoint, one in elsewhere.items()),
    )
    return replace(
        first,
        evidence=evidence_lines,
        impact_ms=None if first.impact_ms is None else first.impact_ms + sum(one.impact_ms or 0.0 for one in together),
        share=None if first.share is None else min(first.share + sum(one.share or 0.0 for one in together), 1.0),
        originals=tuple(pair for one in (*others, first) for pair in one.originals),
    )


def _is_worth_it(finding: Finding, evidence: Evidence) -> bool:
    """Of what is known at an endpoint: a tenth of its time there, and as much as a comparison would see."""
    if finding.share is None or finding.impact_ms is None:
        return True
    return finding.share >= MIN_SHARE and finding.impact_ms >= evidence.least_ms
