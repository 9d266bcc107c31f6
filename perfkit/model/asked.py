"""What the user asks for: perfkit.toml, as types. Knows no reader of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HeapDoor = Literal["runtime", "inspector"]


@dataclass(frozen=True, slots=True)
class Heap:
    """A JSON endpoint of the application that tells its heap: `used` and `limit` are JSON pointers (RFC 6901)."""

    url: str
    used: str
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The system under test. `start` is a command (argv) that perfkit runs for the time of the run.

    `heap` "runtime": of watched processes of Node, a JVM or CPython, as their runtime tells it; "inspector": of Node.
    """

    url: str
    watch: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    ready: str = "/"
    heap: Heap | HeapDoor | None = None


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

    `has_snapshots`: the heap of the runtime is taken apart before and after the rounds, to say what there is more of.
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
