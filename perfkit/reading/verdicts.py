"""Which verdict fails, and which metric it saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from perfkit.model import Expectation, Judged, Metric, Scope, Verdict

Index = Mapping[tuple[str, Scope], Metric]
UNMEASURED: Final = "unmeasured"


def index(metrics: Iterable[Metric]) -> Index:
    """Metrics by name and scope."""
    return {(metric.name, metric.scope): metric for metric in metrics}


def is_failing(verdict: Verdict) -> bool:
    """Whether the verdict stops a gate: a missing measurement does, unless the expectation is optional."""
    if verdict.outcome == "unmeasured":
        return not verdict.expectation.is_optional and not verdict.expectation.is_advisory
    return verdict.outcome == "fail"


def is_discarded(judged: Judged) -> bool:
    return judged.run.status == "discarded" or not judged.run.validity.is_valid


def verdict_of(judged: Judged | None, expectation: Expectation | None) -> Verdict | None:
    """The verdict that answers the expectation, if there is one."""
    if judged is None or expectation is None:
        return None
    return next((verdict for verdict in judged.verdicts if verdict.expectation == expectation), None)
