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
    """The system under test. `start` is a command (argv) that perfkit runs for the time of the run.

    `heap` "inspector": of watched Node processes, by opening their inspector for the time of the run.
    """

    url: str
    watch: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    ready: str = "/"
    heap: Heap | Literal["inspector"] | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """Where the slow SQL is. The DSN itself stays in the environment variable `dsn_env`."""

    dsn_env: str
    capture: Literal["auto", "log", "statements", "activity", "off"] = "auto"
    slower_than_ms: float = 50.0
    explain_worst: int = 5
    statement_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Workers:
    """Processes that make the load: `local` ones of this machine, and `remote` ones that come to `host`:`port` from
    elsewhere, each for `wait_s` at most.
    """

    local: int = 1
    remote: int = 0
    host: str = "127.0.0.1"
    port: int = 5557
    wait_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A Locust file or a folder of them, and `more_files` that are loaded after it; `arguments` go to Locust unchanged.

    `is_lean`: perfkit's own HTTP client stands in for Locust's, in each class of users that it can serve.
    """

    file: Path
    arguments: tuple[str, ...] = ()
    more_files: tuple[Path, ...] = ()
    is_lean: bool = False
    workers: Workers = Workers()

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them, in the order in which they are loaded."""
        return (self.file, *self.more_files)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a phase: in `over_s` seconds straight to `to`, arrivals a second or users; 0 s is a jump."""

    to: float
    over_s: float


@dataclass(frozen=True, slots=True)
class OwnShape:
    """What holds of a phase that the scenario's own LoadTestShape decides: it ends after `limit_s` at the latest."""

    limit_s: float | None = None
    warmup_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LeakRounds:
    """A phase that looks for leaks: its load `rounds` times over, after `warmup_rounds`, with rest in between.

    `has_snapshots`: the heap of Node is taken apart before and after the rounds, to say what there is more of.
    `is_per_task`: each task of the scenario has rounds of its own, to say which of them leaks.
    """

    rounds: int = 8
    warmup_rounds: int = 1
    cooldown_s: float = 60.0
    has_snapshots: bool = False
    is_per_task: bool = False


@dataclass(frozen=True, slots=True)
class Phase:
    """One load. Closed: `users` at once, for `duration_s` or until each ran every task `iterations` times.

    Open, where `rate_per_s` is not None: arrivals on a schedule that waits for no reply, each taken by one of at most
    `max_users`. `stages` lead from `users` or `rate_per_s`, the values at the start, to others; `duration_s` is then
    their sum. `pacing_s` is from one task's start to the next of the same user, `think_s` the least and the greatest
    pause between two tasks; both replace what the scenario says. With `shape` a LoadTestShape of the scenario, where it
    has one, decides users and end, in place of `users`, `duration_s` and `warmup_s`.
    `is_trace`: one request at a time while everything is logged, to see whose SQL is whose; `page_size` then names the
    query parameter for the rows of a page, and `scaled` the endpoints to ask for pages of other sizes.
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
    shape: OwnShape | None = None
    leak: LeakRounds | None = None
    is_trace: bool = False
    page_size: str | None = None
    scaled: tuple[str, ...] = ()
    only: str | None = None

    @property
    def is_warmup_only(self) -> bool:
        return self.duration_s is not None and self.warmup_s >= self.duration_s

    @property
    def gives_figures(self) -> bool:
        """Of speed: not one that is all warm-up, nor one that looks for something else."""
        return not self.is_warmup_only and not self.is_trace and self.leak is None

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
class WorkerMark:
    """One of several load processes of a phase. Seconds are from the beginning of the phase.

    `clock_ahead_s`: so far its clock was before the master's, and its rows were shifted by that; None: by nothing.
    `lost_at_s`: it was heard last then, and never said that it had ended. Not `is_fetched`: its rows are not here.
    """

    name: str
    requests: int = 0
    generator_cpu_ratio: float | None = None
    loop_lag_p99_ms: float | None = None
    clock_ahead_s: float | None = None
    lost_at_s: float | None = None
    is_fetched: bool = True


@dataclass(frozen=True, slots=True)
class Round:
    """One of equal rounds of load, and what the target held at rest after it, by name with its unit."""

    requests: int
    seconds: float
    at_rest: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Grown:
    """Objects of one constructor that a heap held more of after the rounds: how many more, and their own bytes."""

    constructor: str
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Rounds:
    """A leak phase as it went: readings at rest before the load, the rounds (the first `warmups` to warm up), and a
    reading after a longer rest. `is_collected`: garbage was collected before each reading. `grown`: what the heap held
    more of after the judged rounds.
    """

    idle: tuple[Mapping[str, float], ...]
    rounds: tuple[Round, ...] = ()
    warmups: int = 1
    cooled: Mapping[str, float] | None = None
    is_collected: bool = False
    grown: tuple[Grown, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseMark:
    """When a phase ran (unix seconds). Rows before `measured_at` are warm-up. `is_warmup_only`: it gives no figures,
    as it is all warm-up, or a trace.

    `users` is the most that the phase asked for, None where the load decided it. `unfinished` users were still in a
    task when the drain ended, so their last request is in no figure. `loop_lag_p99_ms` is how late the generator's own
    event loop was. Of an open phase only: `arrivals` fell due after the warm-up, `started` of them got a user in time,
    `dropped` none as all `max_users` were busy; `busiest_users` were needed at once.
    `workers` are the processes that made the load, where there were several; CPU and lag are then the worst of theirs.
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
    workers: tuple[WorkerMark, ...] = ()
    requests: int = 0
    rounds: Rounds | None = None

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
    """One statement shape and what the server said of it. `parameter_sets`: the slowest first, a few kept.

    `query_id` is the server's own, as text: it exceeds 2^53. `tags` are those of comments: key → value → calls.
    `rows` and `blocks` (shared, hit or read) are of all calls, None where nobody told. `plan` is one that the server
    logged by itself, as text or as JSON. `is_estimate`: times and calls are estimated from samples. `phases` are calls,
    `phase_ms` the time in them, empty where it was not told.
    """

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
    user: str | None = None
    tags: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rows: int | None = None
    blocks: int | None = None
    plan: str | None = None
    is_estimate: bool = False
    phase_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TracedStatement:
    """A statement shape that was executed in a trace. Rows and blocks are means of one execution, None where no server
    statistics told them; `is_write` is None where the statement cannot be read.
    """

    fingerprint: str
    statement: str
    is_write: bool | None = None
    rows: float | None = None
    blocks: float | None = None


@dataclass(frozen=True, slots=True)
class TracedExecution:
    """One execution of a traced request, in ms: `after_ms` from the request's start to the end of the execution.

    `values` is a hash of what it was run with: the same for the same values, and nobody can read them from it.
    `planning_ms` is parsing and planning, None where the server told only the sum. `route` is the application's tag.
    """

    fingerprint: str
    after_ms: float
    ms: float
    planning_ms: float | None = None
    values: str = ""
    route: str | None = None


@dataclass(frozen=True, slots=True)
class TracedRequest:
    """One request at concurrency 1 and the SQL that ran meanwhile, in order. `page_size`: it asked for so many rows."""

    endpoint: str
    started_at: float
    service_ms: float
    executions: tuple[TracedExecution, ...] = ()
    page_size: int | None = None
    is_ok: bool = True


@dataclass(frozen=True, slots=True)
class Trace:
    """Which SQL ran for which endpoint: raw executions, from which all figures are computed.

    `requests` are those of the scenario, `scaled` those with other page sizes. `logged_from_ms`: shorter executions
    were not logged. `round_trip_ms`: of a SELECT 1 from here. `outside`: executions that belong to no request.
    `untagged`, `disagreeing`: executions without a route tag where others have one, and those whose tag stands for
    another endpoint.
    """

    phase: str
    statements: tuple[TracedStatement, ...] = ()
    requests: tuple[TracedRequest, ...] = ()
    scaled: tuple[TracedRequest, ...] = ()
    logged_from_ms: float = 0.0
    round_trip_ms: float | None = None
    clock_ahead_ms: float = 0.0
    outside: int = 0
    untagged: int = 0
    disagreeing: int = 0


@dataclass(frozen=True, slots=True)
class StatementShare:
    """One statement's part in an endpoint, a request: calls, time in the server, and `until_ms`, the time from the end
    of the statement before to its own end, with the round trip and what the application did in between.
    """

    statement: TracedStatement
    calls: float
    ms: float
    until_ms: float


@dataclass(frozen=True, slots=True)
class Budget:
    """Where the time of one request of an endpoint goes, in ms, means over `requests` at concurrency 1.

    `execution_ms` + `planning_ms` + `round_trips_ms` + `rest_ms` is `service_ms`, unless the statements ran beside each
    other (`is_parallel`). `planning_ms` is part of `execution_ms` where the server told only the sum. There is no lock
    to wait for at concurrency 1.
    """

    endpoint: str
    requests: int
    service_ms: float
    calls: float
    execution_ms: float
    planning_ms: float
    round_trips_ms: float
    rest_ms: float
    rows: float | None
    blocks: float | None
    statements: tuple[StatementShare, ...]
    is_parallel: bool = False


@dataclass(frozen=True, slots=True)
class Repetition:
    """One statement that runs again and again within a request of an endpoint: an N+1.

    LOOP: with other values each time; REPEAT: with the same. `cost_ms` is what the calls after the first took of a
    request, round trips and all. `sizes` are (rows a page, calls) that were tried, `slope` the calls for each row of a
    page; None where it was not tried. `batch` is the statement for all at once, None where none can be written.
    """

    endpoint: str
    fingerprint: str
    statement: str
    kind: Literal["LOOP", "REPEAT"]
    calls: float
    cost_ms: float
    share: float
    sizes: tuple[tuple[int, float], ...] = ()
    slope: float | None = None
    batch: str | None = None


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
class Trigger:
    """What a trigger took over all its calls, outside the tree. `constraint` is the foreign key's that it checks."""

    name: str | None
    constraint: str | None
    relation: str | None
    calls: int
    time_ms: float | None


@dataclass(frozen=True, slots=True)
class Jit:
    """Compiling of expressions: part of the nodes' times. None with TIMING OFF."""

    functions: int
    total_ms: float | None


@dataclass(frozen=True, slots=True)
class Serialization:
    """The rows made into text for the client, outside the tree; `output_kb` in kB. PostgreSQL 17 or newer."""

    time_ms: float | None
    output_kb: int


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A constraint by which `table` refers to another with `columns`; `is_indexed`: an index begins with them."""

    constraint: str
    table: str
    columns: tuple[str, ...]
    is_indexed: bool


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """An index and its plain key columns in order; an expression is None."""

    name: str
    columns: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the catalogue says of a table in a plan, read with it. None is unknown, or never.

    `rows` and `pages` are the planner's, `changed_rows` were written since the last ANALYZE, `row_bytes` is the mean
    width of all columns, `types` maps columns to types, `foreign_keys` point at this table.
    """

    name: str
    pages: int
    rows: float | None
    changed_rows: int | None
    analyzed_s_ago: float | None
    row_bytes: float | None
    types: Mapping[str, str] = field(default_factory=dict)
    indexes: tuple[IndexFacts, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """EXPLAIN (ANALYZE, BUFFERS) of one captured query, with the real parameters it was run with.

    The exclusive times of the tree are the execution without `triggers`, `serialization`, start and end. `facts` are of
    its tables, as far as they were read; `server_version` is "" where a plan from a file does not tell it.
    """

    fingerprint: str
    root: PlanNode
    planning_ms: float | None
    execution_ms: float | None
    server_version: str
    settings: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    jit: Jit | None = None
    serialization: Serialization | None = None
    facts: tuple[TableFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeSide:
    """A node as one side of a difference tells it: `what` in words, time and pages without its children."""

    what: str
    index: str | None
    exclusive_ms: float | None
    rows: float | None
    pages: int | None


@dataclass(frozen=True, slots=True)
class NodeChange:
    """One node of two plans: `same` may have other times, `changed` does the same thing in another way."""

    kind: Literal["same", "changed", "gone", "new"]
    before: NodeSide | None
    after: NodeSide | None


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """Two plans of one statement, node by node in the order of the plan after; those that are gone stand last."""

    fingerprint: str
    before_ms: float | None
    after_ms: float | None
    nodes: tuple[NodeChange, ...]


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
    trace: Trace | None = None


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
class Finding:
    """A diagnosis: evidence, what it costs, and the fix as text and as SQL.

    `impact_ms` is of one execution where a plan alone tells it, of one request of `endpoint` under load where a whole
    run does; `share` is its part of that request's time. `milestone` is where the plans put such work. `confidence`:
    proven by an experiment, measured, or likely. `unless` says when the finding is wrong.
    `node` is which node of the statement's plan it is about: child numbers from the root.
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
