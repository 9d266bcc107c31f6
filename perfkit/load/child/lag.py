"""How late the event loop of the load child is: who sleeps 50 ms, and wakes when? Knows gevent; no load.

All users share the loop. While one of them computes, replies of the others lie unread, and their times grow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Final

import gevent

PERIOD_S: Final = 0.05
_STEP_MS: Final = 0.1


class Lag:
    """Excess sleep, counted in steps of 0.1 ms: the size does not grow with the time."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def watch(self, is_measured: Callable[[], bool]) -> None:
        """Sleep for ever; what is noted while `is_measured` is true counts."""
        while True:
            slept_at = perf_counter()
            gevent.sleep(PERIOD_S)
            excess_s = perf_counter() - slept_at - PERIOD_S
            if is_measured():
                self._counts[round(max(excess_s, 0.0) * 1e3 / _STEP_MS)] += 1

    @property
    def p99_ms(self) -> float | None:
        """99 % of the wakings were at most this late; None before there was one."""
        left = self._counts.total() * 0.99
        for step, number in sorted(self._counts.items()):
            left -= number
            if left <= 0:
                return step * _STEP_MS
        return None
