"""A verdict on a leak in words, as the terminal and the reports say it. Computes no figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from perfkit import units
from perfkit.model import Grown, Judged, LeakVerdict

_RESOURCES: Final = {
    "memory": "memory",
    "heap": "heap, collected",
    "fds": "open files",
    "threads": "threads",
    "sockets": "sockets",
}


@dataclass(frozen=True, slots=True)
class LeakText:
    """A verdict on a leak in words; `limit` is "" where there is none to reach."""

    resource: str
    growth: str
    interval: str
    per_hour: str
    limit: str
    at_rest: str


def leak(verdict: LeakVerdict) -> LeakText:
    """Growth per request for memory, per 1,000 requests for what is counted."""
    is_memory = verdict.resource in ("memory", "heap")
    if is_memory:
        scale, suffix, per = 1.0, "bytes", "a request"
    else:
        scale, suffix, per = 1000.0, "count", "per 1,000 requests"
    per_10_000 = f"{units.show(verdict.per_request * 1e4, 'bytes')} per 10,000; " if is_memory else ""
    low, high = (units.show(end * scale, suffix) for end in verdict.interval)
    first, last = (units.show(floor, suffix) for floor in (verdict.floors[0], verdict.floors[-1]))
    return LeakText(
        resource=_RESOURCES[verdict.resource],
        growth=f"{units.show(verdict.per_request * scale, suffix)} {per}",
        interval=f"{per_10_000}95%: {low} to {high}",
        per_hour=f"{units.show(verdict.per_hour, suffix)} an hour",
        limit="" if verdict.limit_s is None else f"its limit in {units.show(verdict.limit_s, 's')}",
        at_rest=f"{first} → {last} in {len(verdict.floors) - 1} rounds of {verdict.requests:,.0f} requests",
    )


def grown(judged: Judged) -> tuple[Grown, ...]:
    """What a leaking heap held more of, where it was taken apart; nothing of one that does not leak."""
    leaking = {leak.phase for leak in judged.leaks if leak.resource == "heap" and leak.outcome == "LEAK"}
    marks = [mark for mark in judged.run.phases if mark.name in leaking and mark.rounds is not None]
    return tuple(one for mark in marks if mark.rounds is not None for one in mark.rounds.grown)
