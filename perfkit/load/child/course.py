"""One phase in this process: when it begins, what is told of it once a second, and when and how it ends.

Runs inside the load child. Knows Locust's runner and the phase's orders; rows are the recorder's.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import gevent

from perfkit.load.child import feeds, notes, user_ramp
from perfkit.load.child.lag import Lag
from perfkit.load.child.lost_users import LostUsers
from perfkit.load.child.open_model.dispatcher import READY_LIMIT_S, OpenModel
from perfkit.load.child.scaling import Scaling
from perfkit.load.child.superior import Parent, Superior, spawn
from perfkit.load.child.sweep import Sweep
from perfkit.load.histogram import Histogram
from perfkit.load.orders import Orders, Status

if TYPE_CHECKING:
    from perfkit.load.child.recorder import Recorder

TICK_S = 1.0
FLUSH_S = 0.02
FLUSH_ROWS = 1000
INTERRUPTED_DRAIN_S = 2.0
SHORTEST_CPU_S = 1.0  # over less the share of a core says nothing
EDGE_S = 1e-5  # two clocks are read: an arrival on the edge of the warm-up is past it
OTHERS_LIMIT_S = 10.0  # how much longer than its own users' a worker's first users may take

logger = logging.getLogger(__name__)


class Course:
    """`superior` None: the parent itself, over a pipe. `is_shaped`: the scenario's LoadTestShape decides the users."""

    def __init__(
        self,
        orders: Orders,
        environment: Any,
        recorder: Recorder,
        superior: Superior | None = None,
        *,
        is_shaped: bool = False,
    ) -> None:
        self.orders = orders
        self.is_shaped = is_shaped
        self.environment = environment
        self.recorder = recorder
        self.superior = superior or Parent(orders, environment)
        self.started_at = self.measured_at = recorder.sink.measured_at
        self.ended_at: float | None = None
        self.cpu_at_measured: tuple[float, float] | None = None
        self.cpu_ratio: float | None = None
        self.unfinished = 0
        self.requests_told = 0
        self.overall = Histogram()
        self.scaling = Scaling(orders.scaled, orders.page_size)
        self.sweep = Sweep(orders.iterations, self.scaling.run, orders.only) if orders.iterations is not None else None
        self.open_model = OpenModel(orders, environment) if orders.rate_per_s is not None else None
        self.lost_users = LostUsers(recorder.sink, are_replaced=self.open_model is not None)
        self.lag = Lag()
        self.has_begun = self.is_told_to_stop = self.is_told_to_end = self.is_closed = False

    def on_test_start(self, **_: Any) -> None:
        for kind in self.environment.user_classes if self.environment.host else ():
            kind.host = self.environment.host  # a worker's runner does it later than the open model makes users
        if self.open_model is None:
            self._begin(time.time())
        else:  # what users do before the first arrival is not measured, and they have so long for it
            self._measure_from(time.time() + READY_LIMIT_S + OTHERS_LIMIT_S + self.orders.warmup_s)
            self.open_model.start(self._begin_together)
        for loop in (self._tick_for_ever, self._stop_when_over, self._watch_lag):
            spawn(loop)
        if self.open_model is None and self.orders.stages and self.orders.role == "alone":
            spawn(user_ramp.follow, self.orders, self.environment.runner)

    def _begin_together(self) -> float:
        begun_at = self.superior.await_begin()
        self._begin(time.time() - (time.perf_counter() - begun_at) - EDGE_S)
        return begun_at

    def _begin(self, at: float) -> None:
        self.started_at = at
        self._measure_from(self.started_at + self.orders.warmup_s)
        self.has_begun = True

    def _measure_from(self, at: float) -> None:
        self.measured_at = self.recorder.sink.measured_at = at

    def _watch_lag(self) -> None:
        self.lag.watch(lambda: self.cpu_at_measured is not None and self.ended_at is None)

    def _tick_for_ever(self) -> None:
        """A second of a fast client's rows takes 50 ms to write, in which every user stands still: so in portions."""
        due = time.perf_counter() + TICK_S
        while True:
            gevent.sleep(FLUSH_S)
            if self.is_closed:  # nothing may follow the last word
                return
            if time.perf_counter() >= due:
                due += TICK_S
                self._tick()
            elif len(self.recorder.rows) >= FLUSH_ROWS:
                self.recorder.flush()

    def _stop_when_over(self) -> None:
        while not self._is_over():
            gevent.sleep(0.05)
            if self.cpu_at_measured is None and time.time() >= self.measured_at:
                self.cpu_at_measured = (time.process_time(), time.perf_counter())
        self.superior.leave()

    def _is_over(self) -> bool:
        if self.is_told_to_stop or self.superior.is_gone():
            self.environment.stop_timeout = min(self.orders.drain_s, INTERRUPTED_DRAIN_S)
            return True
        if not self.has_begun:
            return False
        if self.orders.duration_s is not None and time.time() - self.started_at >= self.orders.duration_s:
            return True
        return self.is_told_to_end or (self.sweep is not None and self.sweep.is_finished(self.environment.runner))

    def stop(self) -> None:
        """Finish early: the parent was interrupted."""
        self.is_told_to_stop = True

    def end(self) -> None:
        """Finish: whoever decides when the phase is over says that it is."""
        self.is_told_to_end = True

    def on_test_stopping(self, **_: Any) -> None:
        """The load ends now; users may finish the task they are in for `drain_s`. Who is left then is counted."""
        if self.ended_at is None:
            if not self.is_shaped and not self._is_over():
                self._note_early_end()
            self.ended_at = time.time()
            self._note_cpu()
            if self.open_model is not None:
                self.open_model.finish()
                self.ended_at = min(self.ended_at, self.started_at + (self.orders.duration_s or 0.0))
            if not self.has_begun:
                self._measure_from(self.ended_at)
            self.recorder.sink.ended_at = self.ended_at
            gevent.spawn_later(max(self.environment.stop_timeout - 0.1, 0.0), self._count_unfinished)

    def _note_early_end(self) -> None:
        after_s = time.time() - self.started_at
        notes.tell(f"phase {self.orders.phase}: the scenario itself ended the load, after {after_s:.1f} s")

    def _count_unfinished(self) -> None:
        self.unfinished = self.environment.runner.user_count

    def _note_cpu(self) -> None:
        if self.cpu_at_measured is None:
            return
        cpu, clock = self.cpu_at_measured
        elapsed = time.perf_counter() - clock
        if elapsed >= SHORTEST_CPU_S:
            self.cpu_ratio = (time.process_time() - cpu) / elapsed

    def _tick(self, is_final: bool = False) -> None:
        """Flush the rows and tell how it goes."""
        self.recorder.flush()
        if self.ended_at is None:
            self._note_cpu()
        fresh = self.recorder.take_fresh()
        self.overall.add(fresh.measured)
        self.superior.tell(self._status(is_final, fresh.both), fresh)

    def _status(self, is_final: bool, recent: Histogram) -> Status:
        arrivals: dict[str, Any] = self.open_model.counts if self.open_model is not None else {}
        since, self.requests_told = self.recorder.requests - self.requests_told, self.recorder.requests
        return Status(
            at=time.time(),
            is_final=is_final,
            measured_at=self.measured_at,
            ended_at=self.ended_at,
            users=self.environment.runner.user_count if self.environment.runner else 0,
            requests=self.recorder.requests,
            errors=self.recorder.errors,
            requests_per_s=since / TICK_S,
            p50_ms=recent.quantile(0.50),
            p95_ms=recent.quantile(0.95),
            p99_ms=self.overall.quantile(0.99),
            generator_cpu_ratio=self.cpu_ratio,
            listener_exceptions=self.recorder.own_exceptions + self.recorder.event_errors.count,
            scenario_exceptions=self.recorder.mishaps.count,
            rows_lost=self.recorder.rows_lost,
            users_lost=self.lost_users.count,
            unfinished=self.unfinished,
            loop_lag_p99_ms=self.lag.p99_ms,
            is_shaped=self.is_shaped,
            notes=notes.told(),
            exhausted=feeds.exhausted(),
            **arrivals,
        )

    def on_quitting(self, **_: Any) -> None:
        """The process ends, or the phase here: the last rows and the last word."""
        if self.is_closed:
            return
        self.is_closed = True
        if self.ended_at is None:  # Locust itself was ended
            self._note_early_end()
            self.ended_at = time.time()
        self.recorder.close()
        self._tick(is_final=True)
