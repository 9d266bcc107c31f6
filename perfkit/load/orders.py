"""What the parent tells the load child, and what the child says. Plain JSON both ways; knows no Locust."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

VARIABLE: Final = "PERFKIT_ORDERS"


@dataclass(frozen=True, slots=True)
class Orders:
    """One phase, for one load child. `status_fd` is the pipe that takes one line of status a second.

    `rate_per_s` None is the closed model. `stages` are pairs: to what, in how many seconds.
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

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Orders:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Status:
    """The child's word once a second and at its end. Counts are totals; rates and quantiles are of the last second.

    From `arrivals` on it is about the open model; see PhaseMark.
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

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Status:
        return cls(**json.loads(text))
