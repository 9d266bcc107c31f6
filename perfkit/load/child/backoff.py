"""How long to wait before the next try of what failed. Knows neither clock nor what is tried."""

from __future__ import annotations


class Backoff:
    """No pause before the first failure, then `first_s`, and twice as long after each further one, up to `most_s`."""

    __slots__ = ("_failures", "_first_s", "_most_s")

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._failures = 0

    @property
    def pause_s(self) -> float:
        """Seconds."""
        doubled = min(self._failures - 1, 60)
        return min(self._first_s * 2.0**doubled, self._most_s) if self._failures else 0.0

    def fail(self) -> None:
        self._failures += 1

    def succeed(self) -> None:
        self._failures = 0
