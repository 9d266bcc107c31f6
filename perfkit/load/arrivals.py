"""When users arrive: a load that changes in straight lines, and the moments at which its integral says "now".

Pure arithmetic, exact to the last digits: no clock, no Locust. Times are seconds from the beginning of a phase.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

SEED: Final = 20250917
_ROUNDING: Final = 1e-9  # of an arrival: what 0.1/s over 30 s is more than 3

Kind = Literal["constant", "poisson"]


@dataclass(frozen=True, slots=True)
class Ramp:
    """A straight line from one value to another: arrivals a second, or users. `over_s` 0 is a jump."""

    begin: float
    end: float
    over_s: float

    @property
    def area(self) -> float:
        return (self.begin + self.end) / 2.0 * self.over_s

    def at(self, seconds: float) -> float:
        """The value after `seconds`, which lie within the ramp."""
        return self.begin + (self.end - self.begin) * (seconds / self.over_s) if self.over_s else self.end

    def until(self, area: float) -> float:
        """Seconds until the integral is `area`, of a ramp that takes time.

        The root of begin·t + slope·t²/2 = area, in the form that keeps its digits where the slope is nearly nothing.
        """
        slope = (self.end - self.begin) / self.over_s
        root = math.sqrt(max(self.begin * self.begin + 2.0 * slope * area, 0.0))
        return min(2.0 * area / (self.begin + root), self.over_s) if area else 0.0


def ramps(begin: float, duration_s: float, stages: Sequence[tuple[float, float]] = ()) -> tuple[Ramp, ...]:
    """The load of a phase: `begin` for `duration_s`, or through `stages`, each (to, seconds)."""
    if not stages:
        return (Ramp(begin, begin, duration_s),)
    values = [begin, *(to for to, _ in stages)]
    return tuple(
        Ramp(before, after, over_s) for before, after, (_, over_s) in zip(values, values[1:], stages, strict=False)
    )


def value_at(load: Sequence[Ramp], at_s: float) -> float:
    """The load at a moment; after its end what it ended with. A jump holds from its moment on."""
    for ramp in load:
        if at_s < ramp.over_s:
            return ramp.at(at_s)
        at_s -= ramp.over_s
    return load[-1].end


def expected(load: Sequence[Ramp], until_s: float) -> float:
    """How many arrivals are due before `until_s`: the integral of the load, not rounded."""
    total = 0.0
    for ramp in load:
        if until_s < ramp.over_s:
            part = Ramp(ramp.begin, ramp.at(until_s), until_s)
            return total + part.area
        total += ramp.area
        until_s -= ramp.over_s
    return total


def times(
    load: Sequence[Ramp], kind: Kind = "constant", *, seed: int = SEED, worker: int = 0, workers: int = 1
) -> Iterator[float]:
    """The moments of all arrivals, in order.

    Constant: the integral of the load is 0, 1, 2 …; Poisson: it advances by exponential steps of mean 1, the same ones
    for the same seed. Of several workers each takes every `workers`-th arrival, so that together they make the whole.
    """
    levels = map(float, count()) if kind == "constant" else _exponential_steps(random.Random(seed))  # noqa: S311
    due = _moments(load, levels)
    return (moment for number, moment in enumerate(due) if number % workers == worker)


def _exponential_steps(dice: random.Random) -> Iterator[float]:
    total = 0.0
    while True:
        total += dice.expovariate(1.0)
        yield total


def _moments(load: Sequence[Ramp], levels: Iterator[float]) -> Iterator[float]:
    """Where the integral of the load reaches each of the rising `levels`, as long as it does."""
    begin_s = done = 0.0
    level = next(levels)
    for ramp in load:
        slack = _ROUNDING * max(1.0, done + ramp.area)
        while level - done < ramp.area - slack:
            yield begin_s + ramp.until(max(level - done, 0.0))
            level = next(levels)
        begin_s += ramp.over_s
        done += ramp.area
