"""How far this machine's clock is ahead of the master's, from messages that went there and came back."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

KEPT: Final = 60  # answers, one a second: clocks drift


class Ahead(NamedTuple):
    """Seconds; the truth lies within `uncertainty_s` of `ahead_s`."""

    ahead_s: float
    uncertainty_s: float

    @property
    def certain_s(self) -> float | None:
        """How far it is surely ahead; None where it may as well agree."""
        return self.ahead_s if abs(self.ahead_s) > self.uncertainty_s else None


class Clocks:
    """The message that was fastest there and back tells best: the master's answer was given somewhere in between."""

    def __init__(self) -> None:
        self._answers: deque[Ahead] = deque(maxlen=KEPT)

    def note(self, sent_at: float, answered_at: float, received_at: float) -> None:
        """Unix seconds: `answered_at` by the master's clock, the others by this one."""
        half_s = (received_at - sent_at) / 2
        if half_s >= 0:  # a clock that was set meanwhile tells nothing
            self._answers.append(Ahead(sent_at + half_s - answered_at, half_s))

    @property
    def best(self) -> Ahead | None:
        """None before the first answer."""
        return min(self._answers, key=lambda answer: answer.uncertainty_s, default=None)
