"""The open model, inside the load child: every arrival keeps its time, whoever is slow, and gets a user of its own.

The dispatcher never waits for a reply: it hands an arrival to a free user, or to one on the way, or counts it as
dropped. Users grow ahead of need in a greenlet of their own. Knows Locust's runner; not what users do with arrivals.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import repeat
from time import perf_counter, time
from typing import Any

import gevent
from gevent.event import Event
from locust.log import greenlet_exception_logger

from perfkit.load import arrivals
from perfkit.load.child.open_model.crew import Arrival, Crew
from perfkit.load.child.open_model.timer import Timer
from perfkit.load.orders import Orders

READY_LIMIT_S = 30.0
RESERVE_S = 0.25
LONGEST_BURST_S = 0.001
STILLBORN_PAUSE_S = 0.1

logger = logging.getLogger(__name__)


class OpenModel:
    """The arrivals of one phase. `counts` holds what the status tells of them, by the names of its fields."""

    def __init__(self, orders: Orders, environment: Any) -> None:
        self.orders = orders
        self.environment = environment
        load = arrivals.ramps(orders.rate_per_s or 0.0, orders.duration_s or 0.0, orders.stages)
        self._schedule = arrivals.times(load, orders.arrivals, worker=orders.worker, workers=orders.workers)
        self._peak = max(value for ramp in load for value in (ramp.begin, ramp.end)) / orders.workers
        self._begun_at = math.inf
        self._busy = 0
        self._is_short = Event()
        self._greenlets: list[Any] = []
        self.crews: dict[type, Crew] = {}
        self.counts = dict.fromkeys(("arrivals", "started", "dropped", "dropped_warmup", "busiest_users"), 0)

    def start(self, begin: Callable[[], float]) -> None:
        """Make the first users, then call `begin`, which returns time zero, then let them arrive. Returns at once."""
        weights = {kind: float(kind.weight) for kind in self.environment.user_classes}
        total = sum(weights.values())
        self.crews = {kind: Crew(kind.__name__, weight / total) for kind, weight in weights.items()}
        self._spawn(self._run, begin)

    def take(self, user: Any) -> Arrival:
        """Wait for the next arrival that is meant for this user. Called by the user; `leave` ends what it began."""
        arrival = self.crews[type(user)].take(user)
        self._busy += 1
        if arrival.is_measured:
            self.counts["started"] += 1
            self.counts["busiest_users"] = max(self.counts["busiest_users"], self._busy)
        return arrival

    def leave(self) -> None:
        """The task of an arrival is over, however it went."""
        self._busy -= 1

    def finish(self) -> None:
        """No arrival is handed out from now on. Who is still without a user has been dropped."""
        gevent.killall(self._greenlets)
        for crew in self.crews.values():
            while crew.waiting:
                self._drop(crew.waiting.popleft())
        elapsed = perf_counter() - self._begun_at
        for at in self._schedule:  # due by now, and the dispatcher has not come so far
            if at >= elapsed:
                break
            self.counts["arrivals"] += at >= self.orders.warmup_s

    def _spawn(self, work: Callable[..., None], *arguments: Any) -> None:
        greenlet = gevent.spawn(work, *arguments)
        greenlet.link_exception(greenlet_exception_logger(logger))
        self._greenlets.append(greenlet)

    def _run(self, begin: Callable[[], float]) -> None:
        for crew in self.crews.values():
            for _ in range(max(1, round(self.orders.users * crew.share))):
                self._make_user(crew)
        self._await_ready()
        for crew in self.crews.values():
            crew.reserve = max(1, math.ceil(self._peak * RESERVE_S * crew.share))
        self._begun_at = begin()
        self._spawn(self._grow_for_ever)
        self._dispatch()

    def _await_ready(self) -> None:
        limit = perf_counter() + READY_LIMIT_S
        while any(crew.coming for crew in self.crews.values()):
            if perf_counter() > limit:
                logger.warning("on_start takes longer than %.0f s: the load begins without some users", READY_LIMIT_S)
                return
            gevent.sleep(0.01)

    def _dispatch(self) -> None:
        crews, rested_at = self._mix(), perf_counter()
        with closing(Timer()) as timer:
            for at in self._schedule:
                due = self._begun_at + at
                if (now := perf_counter()) < due or now - rested_at > LONGEST_BURST_S:
                    timer.sleep_until(due)
                    rested_at = perf_counter()
                self._hand_out(next(crews), Arrival(due, at >= self.orders.warmup_s))

    def _mix(self) -> Iterator[Crew]:
        """Which class of users each arrival belongs to: by weight, as Locust chooses users."""
        crews = list(self.crews.values())
        if len(crews) == 1:
            return repeat(crews[0])
        dice = random.Random(arrivals.SEED + self.orders.worker)  # noqa: S311 (a mix, not a secret)
        shares = [crew.share for crew in crews]
        return (dice.choices(crews, shares)[0] for _ in repeat(None))

    def _hand_out(self, crew: Crew, arrival: Arrival) -> None:
        self.counts["arrivals"] += arrival.is_measured
        if not crew.give(arrival, self._room()):
            self._drop(arrival)
        if crew.spare < crew.reserve:
            self._is_short.set()

    def _drop(self, arrival: Arrival) -> None:
        self.counts["dropped" if arrival.is_measured else "dropped_warmup"] += 1

    def _room(self) -> int:
        """How many users may still be made."""
        return self.orders.max_users - int(self.environment.runner.user_count)

    def _grow_for_ever(self) -> None:
        while True:
            self._is_short.wait()
            self._is_short.clear()
            while short := [crew for crew in self.crews.values() if crew.spare < crew.reserve and self._room() > 0]:
                for crew in short:
                    self._make_user(crew)

    def _make_user(self, crew: Crew) -> None:
        """One at a time, so that nobody waits longer than for the making of one."""
        if self._room() > 0:
            crew.expect(self.environment.runner.spawn_users({crew.name: 1})[0])
        gevent.sleep(STILLBORN_PAUSE_S if crew.has_lost_one() else 0)


def intended_at(arrival: Arrival) -> float:
    """An arrival's time in unix seconds, by today's wall clock: a clock that was set back makes nobody late."""
    return time() - (perf_counter() - arrival.due)
