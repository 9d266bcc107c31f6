"""Findings: why a run was slow, from all that it knows. Each finder is a file and a line here.

Ranked by what a fix would save under load: ms of a request times the requests of its endpoint. One cause is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from perfkit import reading
from perfkit.judge.diagnose import (
    cpu_bound,
    failing_endpoint,
    generator_bound,
    leak,
    lock_waits,
    n_plus_one,
    no_caching,
    no_compression,
    over_fetching,
    pool_exhaustion,
    unbounded_result,
)
from perfkit.judge.diagnose.evidence import Evidence, Finder
from perfkit.judge.diagnose.plans import findings_of_plans
from perfkit.model import Finding

__all__ = ["FINDERS", "Evidence", "Finder", "diagnose"]

# In the order in which findings without a cost in time are told.
FINDERS: Final[tuple[Finder, ...]] = (
    generator_bound,
    failing_endpoint,
    n_plus_one,
    no_caching,
    unbounded_result,
    pool_exhaustion,
    lock_waits,
    leak,
    over_fetching,
    no_compression,
    cpu_bound,
)

# These come first whatever they cost: the other figures are only as good as they let them be.
_FIRST: Final = (generator_bound.NAME, failing_endpoint.NAME)

# Rule of a plan → the finding of a run that is about the same cause.
SAME_CAUSE: Final[Mapping[str, str]] = {
    "unbounded_result": unbounded_result.NAME,
    "wide_rows": over_fetching.NAME,
    "slow_serialization": over_fetching.NAME,
}


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """All findings of a run, those that cost most first."""
    own = [_with_originals(finding, evidence) for finder in FINDERS for finding in finder.find(evidence)]
    of_plans = [finding for finding in findings_of_plans(evidence) if not _is_told(finding, own)]
    return tuple(sorted([*own, *of_plans], key=lambda finding: _rank(finding, evidence)))


def _with_originals(finding: Finding, evidence: Evidence) -> Finding:
    """A trace keeps statements without their literals; where one was captured too, as it was then."""
    captured = {query.fingerprint: query.statement for query in evidence.queries}
    pairs = {
        form(statement.statement): form(captured[statement.fingerprint])
        for statement in (evidence.trace.statements if evidence.trace else ())
        if statement.fingerprint in captured
        for form in (reading.shortened, _bare)
    }
    whole = "\n".join([*finding.evidence, finding.sql or ""])
    return replace(finding, originals=tuple(pair for pair in pairs.items() if pair[0] in whole and pair[0] != pair[1]))


def _bare(statement: str) -> str:
    return statement.rstrip("; ")


def _is_told(finding: Finding, own: list[Finding]) -> bool:
    """Whether a finding of the whole run is about the same cause, of the same statement or endpoint."""
    name = SAME_CAUSE.get(finding.rule)
    return any(
        one.rule == name and (one.fingerprint == finding.fingerprint or one.endpoint == finding.endpoint) for one in own
    )


def _rank(finding: Finding, evidence: Evidence) -> tuple[bool, float, int]:
    order = [finder.NAME for finder in FINDERS]
    place = order.index(finding.rule) if finding.rule in order else len(order)
    saved_ms = (finding.impact_ms or 0.0) * evidence.weight(finding.endpoint)
    return finding.rule not in _FIRST, -saved_ms, place
