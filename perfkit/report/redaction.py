"""Take the literals out of everything that came from SQL, once, before anything is rendered. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from typing import Final

from perfkit.model import (
    CapturedQuery,
    Effect,
    Finding,
    IndexAdvice,
    Judged,
    NotExplained,
    PlanNode,
    QueryPlan,
    Story,
)
from perfkit.redact import redact_literals, redact_plan_details
from perfkit.sqltext import identifiers

_QUOTED: Final = re.compile(r"'(?:[^']|'')*'")
_NAMED: Final = re.compile(r'"[^"]*"')  # the server's own messages put values in these, beside names


def redacted(story: Story) -> Story:
    """The same story without a literal of its SQL; with all of them where it says `show_literals`."""
    told = _readable_run if story.show_literals else redacted_run
    return replace(story, before=story.before and told(story.before), after=told(story.after))


def _readable_run(judged: Judged) -> Judged:
    return replace(judged, findings=tuple(told_finding(finding, show_literals=True) for finding in judged.findings))


def redacted_run(judged: Judged) -> Judged:
    """One run without the literals of its statements, plans and findings, and without bind parameters."""
    return replace(
        judged,
        queries=tuple(_query(query) for query in judged.queries),
        plans=tuple(redacted_plan(plan) for plan in judged.plans),
        findings=tuple(told_finding(finding) for finding in judged.findings),
        advice=redacted_advice(judged.advice) if judged.advice else None,
    )


def _query(query: CapturedQuery) -> CapturedQuery:
    return replace(query, statement=redact_literals(query.statement), parameter_sets=(), plan=None)


def redacted_plan(plan: QueryPlan | NotExplained, statement: str = "") -> QueryPlan | NotExplained:
    """A plan without the literals of its conditions. Of why there is none, only names of the statement stay."""
    if isinstance(plan, NotExplained):
        known = identifiers(statement)
        return replace(plan, reason=_NAMED.sub(lambda found: _name(found[0], known), _quoted(plan.reason)))
    return replace(plan, root=_node(plan.root))


def _name(quoted: str, known: Set[str]) -> str:
    """A name of the statement, perhaps with its schema, as it is; else it may be a value."""
    return quoted if set(quoted[1:-1].split(".")) <= known else '"…"'


def _node(node: PlanNode) -> PlanNode:
    children = tuple(_node(child) for child in node.children)
    return replace(node, details=redact_plan_details(node.details), children=children)


def told_finding(finding: Finding, *, show_literals: bool = False) -> Finding:
    """As it may be shown: with the literals of its SQL, or with none.

    Its figures are the evidence and stay; besides what it knows itself, only what stands in quotes came out of the SQL.
    """
    clean = _restoring(dict(finding.originals)) if show_literals else _quoted
    return replace(
        finding,
        title=clean(finding.title),
        evidence=tuple(clean(line) for line in finding.evidence),
        fix=clean(finding.fix),
        sql=clean(finding.sql) if finding.sql and show_literals else finding.sql,
        originals=(),
    )


def _restoring(originals: Mapping[str, str]) -> Callable[[str], str]:
    """Puts the literals back, of what is shown alike in its longest form first, and each only once."""
    if not originals:
        return lambda text: text
    shown = re.compile("|".join(re.escape(text) for text in sorted(originals, key=len, reverse=True)))
    return lambda text: shown.sub(lambda found: originals[found[0]], text)


def redacted_advice(advice: IndexAdvice) -> IndexAdvice:
    """An index on a condition holds the condition's literals, and so do statements. Names are no literals."""
    return replace(
        advice,
        advice=tuple(
            replace(
                one,
                index=redact_literals(one.index),
                sql=redact_literals(one.sql),
                effects=_effects(one.effects),
            )
            for one in advice.advice
        ),
        not_advised=tuple(replace(one, index=redact_literals(one.index)) for one in advice.not_advised),
        unneeded=tuple(replace(one, effects=_effects(one.effects)) for one in advice.unneeded),
        overall=_effects(advice.overall),
    )


def _effects(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    return tuple(replace(one, statement=" ".join(redact_literals(one.statement).split())) for one in effects)


def _quoted(text: str) -> str:
    return _QUOTED.sub("'…'", text)
