"""A verdict on a leak in words, as the terminal and the reports say it. Computes no figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from perfkit import units
from perfkit.model import Grown, Judged, LeakChange, LeakVerdict

_RESOURCES: Final = {
    "memory": "memory",
    "heap": "heap, collected",
    "fds": "open files",
    "threads": "threads",
    "sockets": "sockets",
}
_OF_MEMORY: Final = ("memory", "heap")


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
    is_memory = verdict.resource in _OF_MEMORY
    if is_memory:
        scale, suffix, per = 1.0, "bytes", "a request"
    else:
        scale, suffix, per = 1000.0, "count", "per 1,000 requests"
    per_10_000 = f"{units.show(verdict.per_request * 1e4, 'bytes')} per 10,000; " if is_memory else ""
    first, last = (units.show(floor, suffix) for floor in (verdict.floors[0], verdict.floors[-1]))
    return LeakText(
        resource=_RESOURCES[verdict.resource],
        growth=f"{units.show(verdict.per_request * scale, suffix)} {per}",
        interval=per_10_000 + _span([end * scale for end in verdict.interval], suffix),
        per_hour=f"{units.show(verdict.per_hour, suffix)} an hour",
        limit="" if verdict.limit_s is None else f"its limit in {units.show(verdict.limit_s, 's')}",
        at_rest=f"{first} → {last} in {len(verdict.floors) - 1} rounds of {units.count(verdict.requests, 'request')}",
    )


@dataclass(frozen=True, slots=True)
class LeakChangeText:
    """A verdict before and after in words; growth is of 10,000 requests, with its 95 % interval beside it."""

    resource: str
    outcomes: tuple[str, str]
    growth: tuple[str, str]
    intervals: tuple[str, str]
    difference: str


def change(it: LeakChange) -> LeakChangeText:
    """A side that was not judged is a dash, and its interval empty; so is a difference that was not told."""
    suffix = "bytes" if it.resource in _OF_MEMORY else "count"
    sides = (it.before, it.after)
    per_metric = 10_000.0 if it.resource in _OF_MEMORY else 10.0  # the metric is of one request, or of 1,000
    ends = it.change.difference and [end * per_metric for end in it.change.difference]
    return LeakChangeText(
        resource=_RESOURCES[it.resource],
        outcomes=_both([verdict.outcome if verdict else units.MISSING for verdict in sides]),
        growth=_both(
            [units.show(verdict.per_request * 1e4, suffix) if verdict else units.MISSING for verdict in sides]
        ),
        intervals=_both(
            [_span([end * 1e4 for end in verdict.interval], suffix) if verdict else "" for verdict in sides]
        ),
        difference=_span(ends, suffix) if ends else "",
    )


def _both(texts: list[str]) -> tuple[str, str]:
    before, after = texts
    return before, after


def _span(ends: Sequence[float], suffix: str) -> str:
    """A 95 % interval."""
    low, high = (units.show(end, suffix) for end in ends)
    return f"95%: {low} to {high}"


def grown(judged: Judged) -> tuple[Grown, ...]:
    """What a leaking heap held more of, where it was taken apart; nothing of one that does not leak."""
    leaking = {leak.phase for leak in judged.leaks if leak.resource == "heap" and leak.outcome == "LEAK"}
    marks = [mark for mark in judged.run.phases if mark.name in leaking and mark.rounds is not None]
    return tuple(one for mark in marks if mark.rounds is not None for one in mark.rounds.grown)
