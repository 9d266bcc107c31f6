"""Take the literals out of everything that came from SQL, once, before anything is rendered. Knows no format."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from perfkit.model import CapturedQuery, Finding, Judged, NotExplained, PlanNode, QueryPlan, Story
from perfkit.redact import redact_literals, redact_plan_details

_QUOTED: Final = re.compile(r"'(?:[^']|'')*'")
_NAMED: Final = re.compile(r'"[^"]*"')  # the server's own messages put values in these, beside names


def redacted(story: Story) -> Story:
    """The same story without a literal of its SQL, unless it says `show_literals`."""
    if story.show_literals:
        return story
    return replace(story, before=story.before and redacted_run(story.before), after=redacted_run(story.after))


def redacted_run(judged: Judged) -> Judged:
    """One run without the literals of its statements, plans and findings, and without bind parameters."""
    return replace(
        judged,
        queries=tuple(_query(query) for query in judged.queries),
        plans=tuple(redacted_plan(plan) for plan in judged.plans),
        findings=tuple(redacted_finding(finding) for finding in judged.findings),
    )


def _query(query: CapturedQuery) -> CapturedQuery:
    return replace(query, statement=redact_literals(query.statement), parameter_sets=(), plan=None)


def redacted_plan(plan: QueryPlan | NotExplained) -> QueryPlan | NotExplained:
    """A plan without the literals of its conditions."""
    if isinstance(plan, NotExplained):
        return replace(plan, reason=_NAMED.sub('"…"', _quoted(plan.reason)))
    return replace(plan, root=_node(plan.root))


def _node(node: PlanNode) -> PlanNode:
    children = tuple(_node(child) for child in node.children)
    return replace(node, details=redact_plan_details(node.details), children=children)


def redacted_finding(finding: Finding) -> Finding:
    """Its figures are the evidence and stay; only what stands in quotes came out of the SQL."""
    evidence = tuple(_quoted(line) for line in finding.evidence)
    return replace(finding, title=_quoted(finding.title), evidence=evidence, fix=_quoted(finding.fix))


def _quoted(text: str) -> str:
    return _QUOTED.sub("'…'", text)
