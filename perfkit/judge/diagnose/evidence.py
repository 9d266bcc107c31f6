"""All that a run knows, laid out for findings: what an endpoint took alone and under load, and what it did meanwhile.

Knows metrics, budgets, repetitions and findings of plans as they come; computes no figure that they do not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

from perfkit.model import (
    Budget,
    CapturedQuery,
    Finding,
    IndexAdvice,
    Metric,
    NotExplained,
    PhaseMark,
    QueryPlan,
    Repetition,
    RunRecord,
    Scope,
    Trace,
)

# Below this part of its endpoint's time nothing is worth a finding: a tenth is what a user may notice.
MIN_SHARE: Final = 0.10

DATABASE: Final = "Phase 1: Database"
RESPONSES: Final = "Phase 1: Responses"
STABILITY: Final = "Phase 1: Stability"
CACHING: Final = "Phase 2: Caching"
CAPACITY: Final = "Phase 4: Capacity"


class Finder(Protocol):
    """A module that satisfies this is one line in `perfkit.judge.diagnose.FINDERS`."""

    NAME: str

    def find(self, evidence: Evidence) -> list[Finding]:
        """What this finder sees; nothing where the facts that it needs were not measured."""
        ...


@dataclass(frozen=True)
class Evidence:
    """One run. `least_ms`: what costs a request less than that is no finding, as it is no change in a comparison.
    `memory` are (unix seconds, bytes) readings of the target."""

    record: RunRecord
    metrics: Sequence[Metric] = ()
    budgets: Sequence[Budget] = ()
    repetitions: Sequence[Repetition] = ()
    trace: Trace | None = None
    queries: Sequence[CapturedQuery] = ()
    plans: Sequence[QueryPlan | NotExplained] = ()
    plan_findings: Sequence[Finding] = ()
    memory: Sequence[tuple[float, float]] = field(default=(), repr=False)
    least_ms: float = 5.0
    advice: IndexAdvice | None = None

    @cached_property
    def _index(self) -> Mapping[tuple[str, Scope], Metric]:
        return {(metric.name, metric.scope): metric for metric in self.metrics}

    @cached_property
    def measured(self) -> Sequence[PhaseMark]:
        return [mark for mark in self.record.phases if not mark.is_warmup_only]

    @cached_property
    def heavy(self) -> PhaseMark | None:
        """The measured phase with the most load: users, or arrivals a second."""
        return heaviest(self.measured)

    @cached_property
    def light(self) -> PhaseMark | None:
        """The measured phase with the least load; None where there is only one phase."""
        lightest = min(self.measured, key=_load_of, default=None)
        return None if lightest is self.heavy else lightest

    @cached_property
    def endpoints(self) -> list[str]:
        """Those of the heavy phase, in the order of the metrics."""
        phase = self.heavy.name if self.heavy else None
        found = (one.scope for one in self.metrics if one.name == "requests.count" and one.scope.phase == phase)
        return [scope.endpoint for scope in found if scope.endpoint is not None]

    def value(self, name: str, endpoint: str | None = None, phase: PhaseMark | None = None) -> float | None:
        """A metric's value, None where it was not measured."""
        metric = self._index.get((name, Scope(endpoint=endpoint, phase=phase.name if phase else None)))
        return metric.value if metric else None

    def loaded(self, name: str, endpoint: str | None = None) -> float | None:
        """A metric's value under the most load."""
        return self.value(name, endpoint, self.heavy) if self.heavy else None

    def under_load_ms(self, endpoint: str) -> float | None:
        """The mean response time of an endpoint under the most load; what the trace says where there was no load."""
        loaded = self.loaded("latency.avg_ms", endpoint)
        budget = self.budget(endpoint)
        return loaded if loaded is not None else budget.service_ms if budget else None

    def cost_ms(self, endpoint: str, share: float) -> float:
        """What a share of an endpoint's time, seen alone, is under load: the same share of its mean there."""
        return share * (self.under_load_ms(endpoint) or 0.0)

    def budget(self, endpoint: str) -> Budget | None:
        return next((budget for budget in self.budgets if budget.endpoint == endpoint), None)

    def weight(self, endpoint: str | None) -> float:
        """How many requests of an endpoint the heavy phase made; 1 where that is not known."""
        return self.loaded("requests.count", endpoint) or 1.0


def heaviest(marks: Iterable[PhaseMark]) -> PhaseMark | None:
    """The phase with the most load, of those that are measured."""
    return max((mark for mark in marks if not mark.is_warmup_only), key=_load_of, default=None)


def _load_of(mark: PhaseMark) -> float:
    return mark.offered_per_s or float(mark.users or 0)
