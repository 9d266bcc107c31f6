"""Scales of charts: where a value lies between 0 and 1, and which ticks stand beside it. Draws nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

Ticks = tuple[tuple[float, str], ...]

_LAST_QUANTILE: Final = 3.3  # on the stretched axis p99.9 lies at 3; the maximum has no place of its own
_QUANTILE_TICKS: Final = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"), (1.0, "max"))
_TIME_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`; `is_log` for a logarithmic one. Ticks lie within."""

    low: float
    high: float
    ticks: Ticks
    is_log: bool = False

    def place(self, value: float) -> float:
        """Where the value lies: 0 at `low`, 1 at `high`, never outside."""
        if self.is_log:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)


def linear(values: Iterable[float], show: Callable[[float], str]) -> Axis:
    """From zero to a round number above all values, with three to five ticks."""
    top = max(values, default=0.0)
    step = _round_step(top / 4) if top > 0 else 1.0
    count = max(1, math.ceil(top / step - 1e-9))
    return Axis(0.0, step * count, tuple((step * i, show(step * i)) for i in range(count + 1)))


def _round_step(rough: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))


def logarithmic(values: Iterable[float], show: Callable[[float], str]) -> Axis:
    """Over all positive values, ends on powers of ten or their 2 and 5; ticks at powers of ten where they suffice."""
    positive = [value for value in values if value > 0]
    marks = [10.0**power * factor for power in range(-6, 13) for factor in (1, 2, 5)]
    low = max((mark for mark in marks if mark <= min(positive, default=1.0)), default=marks[0])
    high = min((mark for mark in marks if mark >= max(positive, default=10.0) and mark > low), default=marks[-1])
    inside = [mark for mark in marks if low <= mark <= high]
    if len(inside) > 6:
        inside = [mark for mark in inside if math.log10(mark) % 1 < 1e-9]
    return Axis(low, high, tuple((mark, show(mark)) for mark in inside), is_log=True)


def seconds(end_s: float, show: Callable[[float], str]) -> Axis:
    """Time since the start, with at most six ticks on whole minutes or hours where it is long."""
    end = max(end_s, 1.0)
    step = next((step for step in _TIME_STEPS if end / step <= 6), _TIME_STEPS[-1])
    return Axis(0.0, end, tuple((at, show(at)) for at in (step * i for i in range(int(end // step) + 1))))


def quantile_axis() -> Axis:
    """Quantiles with the tail drawn out, as in HdrHistogram's plots: p90, p99, p99.9 lie one step apart."""
    return Axis(0.0, _LAST_QUANTILE, tuple((stretched(quantile), label) for quantile, label in _QUANTILE_TICKS))


def stretched(quantile: float) -> float:
    """Where a quantile lies on `quantile_axis`."""
    return _LAST_QUANTILE if quantile >= 1 else min(-math.log10(1 - quantile), _LAST_QUANTILE)
