"""Whether something leaks: what is left at rest after equal rounds of load. Knows floors; reads no process.

A trend test calls every warm-up and every cache that fills a leak. Equal rounds do not: what is retained once stops
growing, what leaks grows by as much in the last rounds as in the first.

    floor[0], then N rounds of exactly R requests, each followed by rest (and garbage collection where the runtime
    allows it): floor[1] … floor[N]; then a longer rest: the last floor
    noise = 1.4826 · MAD of the readings at rest before the load
    tol   = max(4 · noise, the least that counts, 0.5 % of floor[0])
    d[k]  = floor[k+1] − floor[k];  w = the last four

A heap that is cleared now and then falls in some rounds and grows in the others: what leaks is higher in the end than
it has ever been. On a loaded machine readings waver, and work goes on in what should be rest: nothing is told then.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Final

from perfkit.model import LeakOutcome

ROUNDS: Final = 8
MORE_ROUNDS: Final = 4
# What may grow, and the least growth a round that counts: a collected heap is steadier than the memory of a process.
LEAST: Final = {"memory": 0.5e6, "heap": 0.2e6, "fds": 1.0, "threads": 1.0, "sockets": 1.0}
_MAD_TO_SIGMA: Final = 1.4826
_SIGMAS: Final = 4.0
_SHARE: Final = 0.005
_LAST: Final = 4
_WHOLE_TOOTH: Final = 2  # falls
_Z: Final = 1.96


@dataclass(frozen=True, slots=True)
class Floors:
    """One resource of LEAST at rest, in bytes or as a count. `idle` are readings before the load; `rounds` are floor[0]
    to floor[N], equal rounds of load apart; `cooled` is the reading after the longer rest at the end, None without one.
    `is_rested`: the target was at rest when each of them was read.
    """

    resource: str
    idle: Sequence[float]
    rounds: Sequence[float]
    cooled: float | None = None
    is_rested: bool = True


@dataclass(frozen=True, slots=True)
class Growth:
    """What the floors of `resource` say. `per_round` is Sen's slope, in its unit a round, with a 95 % interval."""

    resource: str
    outcome: LeakOutcome
    tolerance: float
    per_round: float
    interval: tuple[float, float]
    reason: str


def judge(floors: Floors) -> Growth:
    """LEAK, OK or INCONCLUSIVE for one resource.

    Raises:
        ValueError: fewer than five floors: four rounds are what the rule looks at.
    """
    if len(floors.rounds) <= _LAST:
        raise ValueError(f"{len(floors.rounds)} floors; a verdict needs at least {_LAST + 1}")
    tolerance = tolerance_of(floors)
    slope, interval = sen_slope(floors.rounds)
    outcome, reason = _outcome(floors, tolerance)
    return Growth(floors.resource, outcome, tolerance, slope, interval, reason)


def tolerance_of(floors: Floors) -> float:
    """How much more at rest counts as growth, in the resource's unit."""
    return max(_SIGMAS * noise(floors.idle), _quiet(floors))


def _quiet(floors: Floors) -> float:
    """The same where readings are steady."""
    return max(LEAST[floors.resource], _SHARE * floors.rounds[0])


def noise(readings: Sequence[float]) -> float:
    """The standard deviation that the median absolute deviation stands for; 0 of fewer than two readings."""
    if len(readings) < 2:
        return 0.0
    middle = statistics.median(readings)
    return _MAD_TO_SIGMA * statistics.median(abs(reading - middle) for reading in readings)


def _outcome(floors: Floors, tolerance: float) -> tuple[LeakOutcome, str]:
    steps = [after - before for before, after in pairwise(floors.rounds)]
    last = steps[-_LAST:]
    if _is_sawtooth(floors.rounds, tolerance):
        return "OK", "it rises and falls, to and from levels that do not climb by as much a round as counts"
    grown = sum(step > tolerance for step in last)
    if grown >= _LAST - 1 and last[-1] > tolerance:
        early, late = statistics.median(last[:2]), statistics.median(last[2:])
        if late < 0.5 * early:
            return "INCONCLUSIVE", "it grows more slowly from round to round: it may be filling up"
        if floors.cooled is not None and _is_released(floors, tolerance):
            return "OK", "what had grown was given back in the rest after the load"
        if floors.rounds[-1] - max(floors.rounds[:-_LAST]) <= tolerance:
            return "INCONCLUSIVE", "it grew to no more than it had before: it may fall again, as it did"
        if not floors.is_rested:
            return "INCONCLUSIVE", "it grew, but the target did not come to rest: work that goes on may hold it"
        return "LEAK", f"it grew in {grown} of the last {_LAST} equal rounds, by as much in the last as in the first"
    if max(steps[-2:]) <= tolerance:
        if tolerance > _quiet(floors) < sen_slope(floors.rounds)[1][1]:
            return "INCONCLUSIVE", "it may have grown, by less than its readings waver: too noisy to tell"
        return "OK", "it did not grow in the last two rounds"
    return "INCONCLUSIVE", f"it grew in {grown} of the last {_LAST} rounds"


def _is_sawtooth(rounds: Sequence[float], tolerance: float) -> bool:
    """Whether it fell twice, so that a whole tooth was seen, and its peaks and its ends do not climb by what counts.

    They may climb by less a round: read a little later in each tooth, a level sawtooth seems to rise for a while.
    """
    falls = [place for place, (before, after) in enumerate(pairwise(rounds)) if after - before < -tolerance]
    if len(falls) < _WHOLE_TOOTH:
        return False
    first, last = falls[0], falls[-1]
    climbs = (rounds[last] - rounds[first], rounds[last + 1] - rounds[first + 1])
    return max(climbs) <= tolerance * (last - first)


def _is_released(floors: Floors, tolerance: float) -> bool:
    """Whether the rest brought back most of what the rounds took."""
    grown = floors.rounds[-1] - floors.rounds[0]
    return floors.cooled is not None and floors.rounds[-1] - floors.cooled > max(0.5 * grown, tolerance)


def sen_slope(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Theil–Sen slope per step and its 95 % interval (n >= 2). Sen 1968, with the normal approximation of Kendall's S.

    Raises:
        ValueError: fewer than two values.
    """
    if len(values) < 2:
        raise ValueError("a slope needs two values")
    pairs = combinations(enumerate(values), 2)
    slopes = sorted((late - early) / (j - i) for (i, early), (j, late) in pairs)
    n = len(values)
    spread = _Z * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(math.floor((len(slopes) - spread) / 2), 0)
    high = min(math.ceil((len(slopes) + spread) / 2), len(slopes) - 1)
    return statistics.median(slopes), (slopes[low], slopes[high])


def of_memory(resident: Growth, managed: Growth | None) -> Growth:
    """The verdict on memory where the runtime's own heap is known too: it is the better witness.

    A flat heap in a process that stays large is retained by the allocator, not leaked by the program; a heap that
    leaks has leaked, whatever the allocator does.
    """
    if managed is None or resident.outcome == managed.outcome:
        return resident
    if managed.outcome == "LEAK":
        return replace(resident, outcome="LEAK", reason="its managed heap leaks; the process has not grown as steadily")
    if managed.outcome == "OK" and resident.outcome == "INCONCLUSIVE":
        return replace(
            resident, outcome="OK", reason="its managed heap did not grow, and the process in some rounds only"
        )
    if managed.outcome == "OK" and resident.outcome == "LEAK":
        reason = "the process grew, but its managed heap did not: kept by the allocator, or held outside the heap"
        return replace(resident, outcome="RETAINED", reason=reason)
    return resident
