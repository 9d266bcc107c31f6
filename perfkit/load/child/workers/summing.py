"""Many workers' words as one: counts add up, of CPU and lag the worst counts. Pure; sends nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from perfkit.load.histogram import Histogram
from perfkit.load.orders import Status
from perfkit.model import WorkerMark

_ADDED: Final = (
    "users",
    "requests",
    "errors",
    "requests_per_s",
    "listener_exceptions",
    "scenario_exceptions",
    "rows_lost",
    "users_lost",
    "unfinished",
    "started",
    "dropped",
    "dropped_warmup",
    "busiest_users",
)


def summed(
    told: Sequence[Status], marks: Sequence[WorkerMark], recent: Histogram, overall: Histogram, *, is_final: bool
) -> Status:
    """The status of all workers together, from the last word of each (at least one) and all their response times.

    The phase was measured from when the first began to when the last ended; a lost one never said when it did.
    """
    ends = [status.ended_at for status in told if status.ended_at is not None]
    has_ended = len(ends) + sum(mark.lost_at_s is not None for mark in marks) >= len(told)
    added: dict[str, Any] = {name: sum(getattr(status, name) for status in told) for name in _ADDED}
    arrivals = [status.arrivals for status in told if status.arrivals is not None]
    return Status(
        at=time.time(),
        is_final=is_final,
        measured_at=min(status.measured_at for status in told),
        ended_at=max(ends) if ends and has_ended else None,
        p50_ms=recent.quantile(0.50),
        p95_ms=recent.quantile(0.95),
        p99_ms=overall.quantile(0.99),
        arrivals=sum(arrivals) if arrivals else None,
        is_shaped=any(status.is_shaped for status in told),
        notes=tuple(dict.fromkeys(note for status in told for note in status.notes)),
        exhausted=_exhausted(told),
        workers=tuple(marks),
        **added,
        generator_cpu_ratio=_worst(told, "generator_cpu_ratio"),
        loop_lag_p99_ms=_worst(told, "loop_lag_p99_ms"),
    )


def _exhausted(told: Sequence[Status]) -> dict[str, tuple[int, int]]:
    """Every worker has all rows of a file in view, and users of its own."""
    found: dict[str, tuple[int, int]] = {}
    for status in told:
        for name, (rows, users) in status.exhausted.items():
            found[name] = (rows, found.get(name, (0, 0))[1] + users)
    return found


def _worst(told: Sequence[Status], name: str) -> float | None:
    return max((value for status in told if (value := getattr(status, name)) is not None), default=None)


def nothing(at: float) -> Status:
    """What can be told of workers that were all lost before their first word."""
    return Status(
        at=at,
        is_final=False,
        measured_at=at,
        ended_at=None,
        users=0,
        requests=0,
        errors=0,
        requests_per_s=0.0,
        p50_ms=None,
        p95_ms=None,
        generator_cpu_ratio=None,
        listener_exceptions=0,
        scenario_exceptions=0,
        rows_lost=0,
        unfinished=0,
    )
