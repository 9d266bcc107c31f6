"""What the parent tells the load child, and what the child says. Plain JSON both ways; knows no Locust."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

VARIABLE: Final = "PERFKIT_ORDERS"


@dataclass(frozen=True, slots=True)
class Orders:
    """One phase, for one load child. `status_fd` is the pipe that takes one line of status a second."""

    phase: str
    shard: str
    status_fd: int
    parent_pid: int
    users: int
    warmup_s: float
    duration_s: float | None
    iterations: int | None
    drain_s: float

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Orders:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Status:
    """The child's word once a second and at its end. Counts are totals; rates and quantiles are of the last second."""

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

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Status:
        return cls(**json.loads(text))
