"""What grew from one equal round of load to the next, per request and per hour, and whether it leaks.

Memory, the managed heap, open files, threads and sockets are judged alike; see `growth` for the rule. Of leak phases
only: there is no telling a leak from a warm-up without rounds and rest.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from perfkit.metrics.growth import Floors, Growth, judge, of_memory
from perfkit.model import LeakVerdict, Metric, Rounds, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured
    from perfkit.model import PhaseMark, Round

NAMES: Final[dict[str, str]] = {
    "leak.found_count": "resources that leak: memory, open files, threads, sockets",
    "leak.inconclusive_count": "resources that grew in some rounds, without a verdict",
    "leak.per_request_bytes": "memory that is kept for each request: Theil–Sen slope over equal rounds",
    "leak.per_hour_bytes": "memory that is kept in an hour at the tested rate",
    "leak.until_limit_s": "until the limit of the heap is reached at the tested rate",
    "leak.per_1000_requests_count": "open files, threads or sockets that 1,000 requests leave behind",
}

_READINGS: Final = {
    "memory": "memory_bytes",
    "heap": "heap_bytes",
    "fds": "fds_count",
    "threads": "threads_count",
    "sockets": "sockets_count",
}
_OF_MEMORY: Final = ("memory", "heap")
_FEWEST_FLOORS: Final = 5


def compute(measured: Measured) -> list[Metric]:
    return [metric for mark in measured.marks for metric in _of_phase(mark.name, leaks_of(mark))]


def leaks_of(mark: PhaseMark) -> tuple[LeakVerdict, ...]:
    """A verdict on each resource that was read at rest after enough rounds."""
    if mark.rounds is None or not any(one.requests for one in mark.rounds.rounds[mark.rounds.warmups :]):
        return ()
    return tuple(_leak(mark, mark.rounds, growth) for growth in _growths(mark.rounds))


def is_decided(rounds: Rounds) -> bool:
    """Whether more rounds would not change any verdict from INCONCLUSIVE."""
    return all(growth.outcome != "INCONCLUSIVE" for growth in _growths(rounds))


def _growths(rounds: Rounds) -> list[Growth]:
    """Of each resource that was read often enough; of memory in the light of the heap."""
    found = {name: judge(floors) for name in _READINGS if (floors := _floors(rounds, name)) is not None}
    if "memory" in found:
        found["memory"] = of_memory(found["memory"], found.get("heap"))
    return list(found.values())


def _leak(mark: PhaseMark, rounds: Rounds, growth: Growth) -> LeakVerdict:
    judged = rounds.rounds[rounds.warmups :]
    requests = statistics.mean(one.requests for one in judged)
    seconds = statistics.mean(one.seconds for one in judged)
    floors = _floors(rounds, growth.resource)
    low, high = growth.interval
    return LeakVerdict(
        phase=mark.name,
        resource=growth.resource,
        outcome=growth.outcome,
        reason=growth.reason,
        floors=tuple(floors.rounds) if floors else (),
        tolerance=growth.tolerance,
        requests=requests,
        seconds=seconds,
        per_request=growth.per_round / requests,
        interval=(low / requests, high / requests),
        per_hour=growth.per_round / seconds * 3600.0,
        limit_s=_limit_s(judged, growth, seconds),
        confidence="high" if rounds.is_collected or growth.resource not in _OF_MEMORY else "low",
    )


def _limit_s(judged: Sequence[Round], growth: Growth, seconds: float) -> float | None:
    """Seconds until the heap reaches its limit at the tested rate; None where it does not leak, or has no limit."""
    last = judged[-1].at_rest
    if growth.outcome != "LEAK" or growth.resource != "heap" or "heap_limit_bytes" not in last:
        return None
    return max(last["heap_limit_bytes"] - last["heap_bytes"], 0.0) / (growth.per_round / seconds)


def _floors(rounds: Rounds, resource: str) -> Floors | None:
    """The readings of one resource, from the last warm-up round on; None with fewer than the rule needs."""
    name = _READINGS[resource]
    values = [one.at_rest[name] for one in rounds.rounds[rounds.warmups - 1 :] if name in one.at_rest]
    idle = [reading[name] for reading in rounds.idle if name in reading]
    if len(values) < _FEWEST_FLOORS:
        return None
    is_rested = all(one.has_rested for one in rounds.rounds[rounds.warmups - 1 :])
    return Floors(resource, idle, values, (rounds.cooled or {}).get(name), is_rested)


def _of_phase(phase: str, leaks: Sequence[LeakVerdict]) -> Iterator[Metric]:
    if not leaks:
        return
    outcomes = [leak.outcome for leak in leaks]
    yield Metric("leak.found_count", float(outcomes.count("LEAK")), Scope(phase=phase), n=len(leaks))
    yield Metric("leak.inconclusive_count", float(outcomes.count("INCONCLUSIVE")), Scope(phase=phase), n=len(leaks))
    for leak in leaks:
        yield from _of_resource(leak, Scope(phase=phase, kind=leak.resource))


def _of_resource(leak: LeakVerdict, scope: Scope) -> Iterator[Metric]:
    rounds = len(leak.floors) - 1
    if leak.resource in _OF_MEMORY:
        yield Metric("leak.per_request_bytes", leak.per_request, scope, n=rounds, interval=leak.interval)
        yield Metric("leak.per_hour_bytes", leak.per_hour, scope, n=rounds)
        if leak.limit_s is not None:
            yield Metric("leak.until_limit_s", leak.limit_s, scope, better="higher", n=rounds)
    else:
        low, per_1000, high = (1000.0 * value for value in (leak.interval[0], leak.per_request, leak.interval[1]))
        yield Metric("leak.per_1000_requests_count", per_1000, scope, n=rounds, interval=(low, high))
