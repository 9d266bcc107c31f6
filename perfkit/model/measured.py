"""What was measured: the run folder, its rows and marks, and whether they may be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from perfkit.model.advised import IndexAdvice
from perfkit.model.planned import NotExplained, QueryPlan
from perfkit.model.queried import CapturedQuery, Trace

if TYPE_CHECKING:
    from perfkit.recorded.readings import Samples
    from perfkit.recorded.requests import Requests

RunStatus = Literal["running", "complete", "interrupted", "discarded"]


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
    """One of equal rounds of load, and what the target held at rest after it, by name with its unit. `has_rested`: it
    came to rest before that was read.
    """

    requests: int
    seconds: float
    at_rest: Mapping[str, float]
    has_rested: bool = True


@dataclass(frozen=True, slots=True)
class Grown:
    """Objects of one constructor, type or class that a heap held more of after the rounds, and their own bytes."""

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

    `users` is the most that the phase asked for, None where the load decided it. `users_lost` of them ended before it
    did, by what they raised. `unfinished` users were still in a
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
    users_lost: int = 0
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
    """A run as read back from its folder. `requests` and `samples` read what they are asked for from its streams."""

    folder: Path
    record: RunRecord
    requests: Requests
    samples: Samples
    queries: tuple[CapturedQuery, ...] = ()
    plans: tuple[QueryPlan | NotExplained, ...] = ()
    trace: Trace | None = None
    advice: IndexAdvice | None = None


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
