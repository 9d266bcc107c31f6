"""What the parent tells a load child, and what the child says of its load. Plain facts; knows no Locust."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Literal

from perfkit.model import WorkerMark

VARIABLE: Final = "PERFKIT_ORDERS"


@dataclass(frozen=True, slots=True)
class Orders:
    """One phase, for one load child. `status_fd` is the pipe that takes one line of status a second.

    `rate_per_s` None is the closed model. `stages` are pairs: to what, in how many seconds. `shape` holds limit and
    warm-up (seconds) of a phase that a LoadTestShape of the scenario may decide. `is_lean`: see Scenario. `scaled` are
    endpoints to ask for pages of other sizes, by the query parameter `page_size` where it is named. `only`: no
    task but this one, "User.task", is done.

    A "master" makes no load and hands its orders to so many `workers`, of which each is the `worker`th and has its
    share of the load. `is_remote`: a worker whose rows are to be fetched. No phase follows the one that `is_last`.
    """

    phase: str
    shard: str
    status_fd: int
    parent_pid: int
    users: int
    warmup_s: float
    duration_s: float | None
    iterations: int | None
    drain_s: float
    rate_per_s: float | None = None
    arrivals: Literal["constant", "poisson"] = "constant"
    max_users: int = 0
    stages: Sequence[tuple[float, float]] = ()
    pacing_s: float | None = None
    think_s: Sequence[float] | None = None
    page_size: str | None = None
    scaled: Sequence[str] = ()
    only: str | None = None
    shape: tuple[float | None, float] | None = None
    is_lean: bool = False
    role: Literal["alone", "master", "worker"] = "alone"
    worker: int = 0
    workers: int = 1
    scenario_hash: str = ""
    is_remote: bool = False
    is_last: bool = True

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Orders:
        return cls(**json.loads(text))

    def share(self, worker: int) -> Orders:
        """The part of one of the `workers`: what cannot be divided evenly goes to the first ones."""
        users, max_users = (_part(whole, worker, self.workers) for whole in (self.users, self.max_users))
        return replace(self, worker=worker, users=users, max_users=max_users)


def _part(whole: int, worker: int, workers: int) -> int:
    return whole // workers + (worker < whole % workers)


@dataclass(frozen=True, slots=True)
class Status:
    """The child's word once a second and at its end. Counts are totals; rates and quantiles are of the last second.

    From `arrivals` to `busiest_users` it is about the open model; see PhaseMark. `is_shaped`: the scenario's own
    LoadTestShape decides how many users there are. `notes` are what a reader of the run is to know of this child.
    `exhausted`: feed → its rows, and how many users stopped as none was left.
    `p99_ms` is of all since the warm-up. `workers`: of a master, whose figures are the sums, CPU and lag the worst.
    """

    at: float
    is_final: bool
    measured_at: float
    ended_at: float | None
    users: int
    requests: int
    errors: int
    requests_per_s: float
    p50_ms: float | None
    p95_ms: float | None
    generator_cpu_ratio: float | None
    listener_exceptions: int
    scenario_exceptions: int
    rows_lost: int
    unfinished: int
    loop_lag_p99_ms: float | None = None
    arrivals: int | None = None
    started: int = 0
    dropped: int = 0
    dropped_warmup: int = 0
    busiest_users: int = 0
    is_shaped: bool = False
    notes: Sequence[str] = ()
    exhausted: Mapping[str, Sequence[int]] = field(default_factory=dict)
    p99_ms: float | None = None
    workers: Sequence[WorkerMark] = ()
    users_lost: int = 0
