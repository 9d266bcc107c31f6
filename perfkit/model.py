"""Every type that crosses a stage. Frozen and slotted; a missing fact is None, never 0. Knows no stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Better = Literal["lower", "higher"]
Outcome = Literal["pass", "fail", "unmeasured", "advisory"]
Direction = Literal["improved", "regressed", "same", "tiny", "inconclusive"]
RunStatus = Literal["running", "complete", "interrupted", "discarded"]


# What the user asks for: perfkit.toml


@dataclass(frozen=True, slots=True)
class Heap:
    """A JSON endpoint of the application that tells its heap: `used` and `limit` are JSON pointers (RFC 6901)."""

    url: str
    used: str
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The system under test. `start` is a command (argv) that perfkit runs for the time of the run."""

    url: str
    watch: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    ready: str = "/"
    heap: Heap | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """Where the slow SQL is. The DSN itself stays in the environment variable `dsn_env`."""

    dsn_env: str
    capture: Literal["log", "off"] = "log"
    slower_than_ms: float = 50.0
    explain_worst: int = 5
    statement_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A Locust file; `arguments` are passed on to Locust unchanged."""

    file: Path
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a phase: in `over_s` seconds straight to `to`, arrivals a second or users; 0 s is a jump."""

    to: float
    over_s: float


@dataclass(frozen=True, slots=True)
class Phase:
    """One load. Closed: `users` at once, for `duration_s` or until each ran every task `iterations` times.

    Open, where `rate_per_s` is not None: arrivals on a schedule that waits for no reply, each taken by one of at most
    `max_users`. `stages` lead from `users` or `rate_per_s`, the values at the start, to others; `duration_s` is then
    their sum. `pacing_s` is from one task's start to the next of the same user, `think_s` the least and the greatest
    pause between two tasks; both replace what the scenario says.
    """

    name: str
    users: int = 1
    iterations: int | None = None
    duration_s: float | None = None
    warmup_s: float = 0.0
    drain_s: float = 10.0
    rate_per_s: float | None = None
    arrivals: Literal["constant", "poisson"] = "constant"
    max_users: int = 1000
    stages: tuple[Stage, ...] = ()
    pacing_s: float | None = None
    think_s: tuple[float, float] | None = None

    @property
    def is_warmup_only(self) -> bool:
        return self.duration_s is not None and self.warmup_s >= self.duration_s

    @property
    def is_open(self) -> bool:
        return self.rate_per_s is not None

    @property
    def peak(self) -> float:
        """The most arrivals a second, or users, that the phase asks for."""
        start = float(self.users) if self.rate_per_s is None else self.rate_per_s
        return max(start, *(stage.to for stage in self.stages), 0.0)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often the watched processes are read, and how long a floor reading of idle memory takes."""

    period_s: float = 0.25
    settle_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Expectation:
    """One target: `metric op limit`, for the metrics that `select` fits. `limit` is in the metric's own unit.

    `select` maps scope keys to wanted values; "*" wants every value; a key that is not named matches the total where
    there is one, else every value. `window_s`: must hold in every window of that length (`for 10s`).
    """

    that: str
    metric: str
    select: Mapping[str, str]
    op: Literal["<", "<=", ">", ">=", "==", "!="]
    limit: float
    window_s: float | None = None
    is_optional: bool = False
    is_advisory: bool = False
    priority: str | None = None
    milestone: str | None = None
    documented: str | None = None


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One cell of a plan's table: what the plan said, and what to measure."""

    documented: str | None
    metric: str
    select: Mapping[str, str]
    expectation: Expectation | None


@dataclass(frozen=True, slots=True)
class SheetRow:
    name: str
    cells: tuple[SheetCell, ...]
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a plan in the plan's own shape: each row has a cell for each of `columns` ("Avg", "Concurrent")."""

    title: str
    header: str
    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A change counts only beyond both margins: relative (a share) and absolute (milliseconds)."""

    relative: float = 0.10
    absolute_ms: float = 5.0


@dataclass(frozen=True, slots=True)
class Config:
    """perfkit.toml, typed. `expectations` holds those of `[[expect]]` and those of the sheets' cells."""

    target: Target
    scenario: Scenario
    phases: tuple[Phase, ...]
    database: Database | None = None
    sampling: Sampling = Sampling()
    expectations: tuple[Expectation, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    tolerance: Tolerance = Tolerance()
    name: str = "perfkit"
    file: Path | None = None


# What was measured: the run folder


@dataclass(frozen=True, slots=True)
class Request:
    """One request; the schema on disk. Times *_at are unix seconds, durations are monotonic, in seconds, unrounded.

    `intended_at` is when the schedule wanted it, `started_at` when it was sent. They differ only for the first request
    of an arrival in the open model: nobody schedules the others.
    `ttfb_s` runs to the reply's headers, `service_s` to the last byte of its body, both from `started_at`.
    `wire_bytes` is the body as sent, `decoded_bytes` after content decoding. `cache` is hit, stale, revalidated, miss,
    bypass or None. `error` is the kind: connect, timeout, closed, tls, http_4xx, http_5xx, validation, generator or
    other.
    """

    phase: str
    endpoint: str
    intended_at: float
    started_at: float
    ttfb_s: float | None
    service_s: float
    status: int | None
    wire_bytes: int | None
    decoded_bytes: int | None
    cache: str | None
    error: str | None
    message: str | None
    is_warmup: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of one sampler: `source` is what was read ("target", "system"), `metric` carries its unit."""

    at: float
    source: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class PhaseMark:
    """When a phase ran (unix seconds). Rows before `measured_at` are warm-up.

    `users` is the most that the phase asked for, None where the load decided it. `unfinished` users were still in a
    task when the drain ended, so their last request is in no figure. `loop_lag_p99_ms` is how late the generator's own
    event loop was. Of an open phase only: `arrivals` fell due after the warm-up, `started` of them got a user in time,
    `dropped` none as all `max_users` were busy; `busiest_users` were needed at once.
    """

    name: str
    users: int | None
    started_at: float
    measured_at: float
    ended_at: float
    is_warmup_only: bool = False
    generator_cpu_ratio: float | None = None
    listener_exceptions: int = 0
    scenario_exceptions: int = 0
    rows_lost: int = 0
    unfinished: int = 0
    loop_lag_p99_ms: float | None = None
    arrivals: int | None = None
    started: int = 0
    dropped: int = 0
    dropped_warmup: int = 0
    busiest_users: int = 0
    max_users: int | None = None

    @property
    def offered_per_s(self) -> float | None:
        """Arrivals a second of the measured part; None in the closed model."""
        seconds = self.ended_at - self.measured_at
        return self.arrivals / seconds if self.arrivals is not None and seconds > 0 else None


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """Bind parameters of one execution, as text ($1 first); None is NULL."""

    values: tuple[str | None, ...]
    duration_ms: float


@dataclass(frozen=True, slots=True)
class CapturedQuery:
    """One statement shape and what the log said of it. `parameter_sets`: the slowest first, a few kept."""

    fingerprint: str
    statement: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    parameter_sets: tuple[ParameterSet, ...] = ()
    phases: Mapping[str, int] = field(default_factory=dict)
    query_id: str | None = None
    database: str | None = None


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node of a plan. Times in ms over all loops, `exclusive_ms` without its children; None with TIMING OFF.

    Rows are totals over all loops. `details` holds the remaining keys of EXPLAIN's JSON (Filter, Sort Method …).
    """

    kind: str
    relation: str | None
    index: str | None
    planned_rows: float
    actual_rows: float | None
    loops: float
    total_ms: float | None
    exclusive_ms: float | None
    details: Mapping[str, Any]
    children: tuple[PlanNode, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """EXPLAIN (ANALYZE, BUFFERS) of one captured query, with the real parameters it was run with."""

    fingerprint: str
    root: PlanNode
    planning_ms: float | None
    execution_ms: float | None
    server_version: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotExplained:
    """Why a captured query has no plan."""

    fingerprint: str
    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """One validity check of a run. `remedy` says what to do when it is not ok."""

    name: str
    is_ok: bool
    observed: str
    limit: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Validity:
    """Whether the measurement may be trusted."""

    checks: tuple[Check, ...] = ()

    @property
    def is_valid(self) -> bool:
        return all(check.is_ok for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.is_ok)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """run.json: what, where, when, with which versions, under which load, and whether it may be trusted."""

    id: str
    name: str
    status: RunStatus
    started_at: float
    ended_at: float | None
    provenance: Mapping[str, Any]
    config: Mapping[str, Any]
    phases: tuple[PhaseMark, ...] = ()
    validity: Validity = Validity()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run as read back from its folder. `requests` has the columns of `Request`, `samples` those of `Sample`."""

    folder: Path
    record: RunRecord
    requests: pd.DataFrame
    samples: pd.DataFrame
    queries: tuple[CapturedQuery, ...] = ()
    plans: tuple[QueryPlan | NotExplained, ...] = ()


# What it means


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
    """Head against base for one metric. `relative` is head/base - 1 with its 95 % interval; None without a base."""

    metric: str
    scope: Scope
    base: float | None
    head: float | None
    relative: float | None
    interval: tuple[float, float] | None
    direction: Direction
    is_gating: bool
    message: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes between two runs, most severe first, with what weakens them (`caveats`) and what counts as one."""

    base_id: str
    head_id: str
    changes: tuple[Change, ...]
    caveats: tuple[str, ...] = ()
    tolerance: Tolerance = Tolerance()


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis: evidence, what it costs, and the fix as text and as SQL."""

    rule: str
    title: str
    evidence: tuple[str, ...]
    impact_ms: float | None
    fix: str
    sql: str | None = None
    fingerprint: str | None = None


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
    timeline: Timeline = Timeline()
    quantiles: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """What a report tells: one run (`before` is None), or two and what changed between them.

    `show_literals`: leave the literals in SQL and plan conditions readable.
    """

    title: str
    after: Judged
    before: Judged | None = None
    comparison: Comparison | None = None
    sheets: tuple[Sheet, ...] = ()
    show_literals: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """One tick of a running load, for whoever shows it. Figures are of the last second, None before the first."""

    phase: str
    elapsed_s: float
    remaining_s: float | None
    users: int
    requests: int
    errors: int
    requests_per_s: float | None
    p50_ms: float | None
    p95_ms: float | None
    memory_bytes: float | None
