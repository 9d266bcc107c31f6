"""The users of one class in the open model: who is free, who is on the way, and which arrivals wait for one of those.

Runs inside the load child. Knows Locust's users; no schedule, and not how many users there may be in all.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from gevent.event import AsyncResult
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_WAITING


class Arrival(NamedTuple):
    """`due` by perf_counter; not `is_measured` in the warm-up."""

    due: float
    is_measured: bool


class Crew:
    """`share` is the class's part of all arrivals, `reserve` how many users are to be spare at any time."""

    def __init__(self, name: str, share: float) -> None:
        self.name = name
        self.share = share
        self.reserve = 0
        self.coming: set[Any] = set()
        self.waiting: deque[Arrival] = deque()
        self._free: list[AsyncResult] = []
        self._lost = 0

    @property
    def spare(self) -> int:
        """Users who are free or on the way, less the arrivals that wait for them."""
        return len(self._free) + len(self.coming) - len(self.waiting)

    def expect(self, user: Any) -> None:
        """A user was made and is in its on_start."""
        self.coming.add(user)
        user.greenlet.link(lambda _: self._lose(user))

    def _lose(self, user: Any) -> None:
        if user in self.coming:
            self.coming.discard(user)
            self._lost += 1

    def has_lost_one(self) -> bool:
        """Whether users have ended in their on_start since this was asked last."""
        lost, self._lost = self._lost, 0
        return lost > 0

    def give(self, arrival: Arrival, room: int) -> bool:
        """Hand an arrival to the user that became free last, whose connection is warm; else it waits for one to come.

        `room` is for how many more users there is room. False: nobody is free and nobody will come.
        """
        if self._free:
            self._free.pop().set(arrival)
            return True
        if len(self.waiting) < len(self.coming) + room:
            self.waiting.append(arrival)
            return True
        return False

    def take(self, user: Any) -> Arrival:
        """The arrival that has waited longest, or the next one. Locust may end the user while it waits."""
        self.coming.discard(user)
        if self.waiting:
            return self.waiting.popleft()
        slot = AsyncResult()
        self._free.append(slot)
        user._state = LOCUST_STATE_WAITING
        try:
            arrival: Arrival = slot.get()
        except BaseException:  # Locust kills users that wait
            if slot in self._free:
                self._free.remove(slot)
            raise
        user._state = LOCUST_STATE_RUNNING
        return arrival
