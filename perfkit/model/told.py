"""What it means: metrics, verdicts, changes, leaks, findings, and the story that a report tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from perfkit.model.advised import IndexAdvice
from perfkit.model.asked import Expectation, Sheet, Tolerance
from perfkit.model.measured import RunRecord
from perfkit.model.planned import NotExplained, PlanDiff, QueryPlan
from perfkit.model.queried import Budget, CapturedQuery

Better = Literal["lower", "higher"]

Outcome = Literal["pass", "fail", "unmeasured", "advisory"]

Direction = Literal["improved", "regressed", "same", "tiny", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a metric is about. None is "all of them": no endpoint is the total over endpoints."""

    endpoint: str | None = None
    phase: str | None = None
    process: str | None = None
    query: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """The narrow waist. The unit is the last word of the name; `n` counts the observations; `interval` is 95 %."""

    name: str
    value: float
    scope: Scope = Scope()
    better: Better | None = "lower"
    n: int | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an expectation asked and what was seen. `observed` is the worst metric that it selects."""

    expectation: Expectation
    outcome: Outcome
    observed: Metric | None
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """Head against base for one metric. `relative` is head/base - 1 with its 95 % interval; None without a base.

    `difference` is the 95 % interval of head - base in the metric's unit, where a ratio would say nothing (leaks).
    """

    metric: str
    scope: Scope
    base: float | None
    head: float | None
    relative: float | None
    interval: tuple[float, float] | None
    direction: Direction
    is_gating: bool
    message: str
    difference: tuple[float, float] | None = None


LeakOutcome = Literal["LEAK", "OK", "RETAINED", "INCONCLUSIVE"]


@dataclass(frozen=True, slots=True)
class LeakVerdict:
    """Whether `resource` (memory, heap, fds, threads, sockets) leaked in a leak phase, and how fast it grew.

    `floors` are its readings at rest after each of equal rounds of `requests` in `seconds`; `per_request` is in its
    unit (bytes or a count) with a 95 % interval; `limit_s` is until the heap's limit at the tested rate.
    """

    phase: str
    resource: str
    outcome: LeakOutcome
    reason: str
    floors: tuple[float, ...]
    tolerance: float
    requests: float
    seconds: float
    per_request: float
    interval: tuple[float, float]
    per_hour: float
    limit_s: float | None
    confidence: Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class LeakChange:
    """One resource of one leak phase in two runs; a side is None where it was not judged."""

    phase: str
    resource: str
    before: LeakVerdict | None
    after: LeakVerdict | None
    change: Change


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes between two runs, most severe first, with what weakens them (`caveats`) and what counts as one.

    `leaks` are the verdicts on leaks side by side; the change of each is among `changes`.
    """

    base_id: str
    head_id: str
    changes: tuple[Change, ...]
    caveats: tuple[str, ...] = ()
    tolerance: Tolerance = field(default_factory=Tolerance)
    leaks: tuple[LeakChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis: evidence, what it costs, and the fix as text and as SQL.

    `impact_ms` is of one execution where a plan alone tells it, of one request of `endpoint` under load where a whole
    run does; `share` is its part of that request's time. `milestone` is where the plans put such work. `confidence`:
    proven by an experiment, measured, or likely. `unless` says when the finding is wrong.
    `node` is which node of the statement's plan it is about: child numbers from the root. The texts hold no literal of
    SQL; `originals` are (as it stands there, as it was) of what literals were taken out of, for who may see them.
    """

    rule: str
    title: str
    evidence: tuple[str, ...]
    impact_ms: float | None
    fix: str
    sql: str | None = None
    fingerprint: str | None = None
    endpoint: str | None = None
    milestone: str | None = None
    share: float | None = None
    confidence: Literal["proven", "measured", "likely"] | None = None
    unless: str | None = None
    node: tuple[int, ...] | None = None
    originals: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run over time, one entry a bucket: `at_s` is seconds since the run's start, as are the times of the pairs.

    `memory_bytes` and `cpu_ratio` are (second, value) readings of the target; `phases` is (name, from, to). A
    percentile of a bucket without a request is None.
    """

    at_s: tuple[float, ...] = ()
    requests_per_s: tuple[float, ...] = ()
    p50_ms: tuple[float | None, ...] = ()
    p95_ms: tuple[float | None, ...] = ()
    errors_per_s: tuple[float, ...] = ()
    memory_bytes: tuple[tuple[float, float], ...] = ()
    cpu_ratio: tuple[tuple[float, float], ...] = ()
    phases: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """All that is known of one run, computed: what the reports, the terminal and `--json` show.

    `quantiles` maps "phase / endpoint" to its (quantile 0 to 1, ms) pairs, ascending.
    """

    run: RunRecord
    metrics: tuple[Metric, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()
    queries: tuple[CapturedQuery, ...] = ()
    plans: tuple[QueryPlan | NotExplained, ...] = ()
    advice: IndexAdvice | None = None
    budgets: tuple[Budget, ...] = ()
    leaks: tuple[LeakVerdict, ...] = ()
    timeline: Timeline = Timeline()
    quantiles: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """What a report tells: one run (`before` is None), or two and what changed between them.

    `show_literals`: leave the literals in SQL and plan conditions readable. `plan_diffs` are of the statements that
    were explained in both runs.
    """

    title: str
    after: Judged
    before: Judged | None = None
    comparison: Comparison | None = None
    sheets: tuple[Sheet, ...] = ()
    show_literals: bool = False
    plan_diffs: tuple[PlanDiff, ...] = ()
