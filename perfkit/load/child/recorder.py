"""Records every request of a Locust run, unrounded. Loaded by Locust as a second locustfile, inside the load child.

Knows Locust's events and the runner; knows nothing of run folders, metrics or the parent, but the orders it was given.
Locust's own statistics are never read: they are rounded, and pooled.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import gevent
import urllib3
from geventhttpclient.response import HTTPResponse
from locust import events
from locust.log import greenlet_exception_logger

from perfkit.load.child import pauses, secrets, sink, user_ramp
from perfkit.load.child.lag import Lag
from perfkit.load.child.open_model import taking
from perfkit.load.child.open_model.dispatcher import READY_LIMIT_S, OpenModel
from perfkit.load.child.replies import cache_status, error_kind
from perfkit.load.child.sweep import Sweep
from perfkit.load.orders import VARIABLE, Orders, Status
from perfkit.model import Request
from perfkit.rows import RowWriter

TICK_S = 1.0
FLUSH_S = 0.02
FLUSH_ROWS = 1000
INTERRUPTED_DRAIN_S = 2.0
SHORTEST_CPU_S = 1.0  # over less the share of a core says nothing
_MESSAGE_LIMIT = 200
_SERVICE_S, _ERROR = ([field.name for field in fields(Request)].index(name) for name in ("service_s", "error"))

logger = logging.getLogger(__name__)


class Recorder:
    """The rows of one phase, and what the parent is told of them. One instance a process."""

    def __init__(self, orders: Orders, environment: Any) -> None:
        self.orders = orders
        self.environment = environment
        self.rows: list[Any] = []
        self.recent_ms: list[float] = []
        self.requests = self.errors = self.own_exceptions = self.scenario_exceptions = self.rows_lost = 0
        self.unfinished = 0
        self.measured_at = self.started_at = time.time()
        self.ended_at: float | None = None
        self.cpu_at_measured: tuple[float, float] | None = None
        self.cpu_ratio: float | None = None
        self.event_errors = _EventErrors()
        self.sweep = Sweep(orders.iterations) if orders.iterations is not None else None
        self.open_model = OpenModel(orders, environment) if orders.rate_per_s is not None else None
        self.lag = Lag()
        self.has_begun = self.is_told_to_stop = False
        self.writer = RowWriter(Path(orders.shard.format(pid=os.getpid())), Request)
        self.sink = sink.Sink(orders.phase, self.measured_at, self.rows.append, self.on_request)

    def on_request(
        self,
        name: str,
        response_time: float,
        response_length: int | None,
        response: Any = None,
        exception: BaseException | None = None,
        start_time: float | None = None,
        **_: Any,
    ) -> None:
        """Keep one request as a row. It must never raise: Locust would swallow it, so it is counted instead."""
        try:
            if not getattr(response, "leaves_own_row", False):
                self.rows.append(self._row(name, response_time, response_length, response, exception, start_time))
        except Exception:  # counted: the count makes the run invalid
            self.own_exceptions += 1
            logger.exception("a request could not be recorded")

    def _row(
        self,
        name: str,
        response_time: float,
        response_length: int | None,
        response: Any,
        exception: BaseException | None,
        start_time: float | None,
    ) -> tuple[Any, ...]:
        service_s = response_time / 1000.0
        started_at = start_time if start_time is not None else time.time() - service_s
        intended_at = taking.take_intended_at() if self.open_model is not None else None
        intended_at = started_at if intended_at is None else intended_at
        headers = getattr(response, "headers", None)
        status = (getattr(response, "status_code", None) or None) if response is not None else None
        return (
            self.orders.phase,
            name,
            intended_at,
            started_at,
            _headers_after_s(response) if headers is not None else None,
            service_s,
            status,
            _wire_bytes(response) if headers is not None else None,
            response_length,
            cache_status(headers, status) if headers is not None else None,
            error_kind(exception, status) if exception is not None else None,
            str(exception)[:_MESSAGE_LIMIT] if exception is not None else None,
            intended_at < self.measured_at,
        )

    def on_user_error(self, **_: Any) -> None:
        self.scenario_exceptions += 1

    def on_test_start(self, **_: Any) -> None:
        if self.open_model is None:
            self._begin()
        else:  # what users do before the first arrival is not measured, and they have so long for it
            self.measured_at = self.sink.measured_at = time.time() + READY_LIMIT_S + self.orders.warmup_s
            self.open_model.start(self._begin)
        for loop in (self._tick_for_ever, self._stop_when_over, self._watch_lag):
            _spawn(loop)
        if self.open_model is None and self.orders.stages:
            _spawn(user_ramp.follow, self.orders, self.environment.runner)

    def _begin(self) -> None:
        self.started_at = time.time()
        self.measured_at = self.sink.measured_at = self.started_at + self.orders.warmup_s
        self.has_begun = True

    def _watch_lag(self) -> None:
        self.lag.watch(lambda: self.cpu_at_measured is not None and self.ended_at is None)

    def _tick_for_ever(self) -> None:
        """A second of a fast client's rows takes 50 ms to write, in which every user stands still: so in portions."""
        due = time.perf_counter() + TICK_S
        while True:
            gevent.sleep(FLUSH_S)
            if time.perf_counter() >= due:
                due += TICK_S
                self.tick()
            elif len(self.rows) >= FLUSH_ROWS:
                self._flush()

    def _stop_when_over(self) -> None:
        while not self._is_over():
            gevent.sleep(0.05)
            if self.cpu_at_measured is None and time.time() >= self.measured_at:
                self.cpu_at_measured = (time.process_time(), time.perf_counter())
        self.environment.runner.quit()

    def _is_over(self) -> bool:
        if self.is_told_to_stop or os.getppid() != self.orders.parent_pid:
            self.environment.stop_timeout = min(self.orders.drain_s, INTERRUPTED_DRAIN_S)
            return True
        if not self.has_begun:
            return False
        if self.orders.duration_s is not None and time.time() - self.started_at >= self.orders.duration_s:
            return True
        return self.sweep is not None and self.sweep.is_finished(self.environment.runner)

    def stop(self) -> None:
        """Finish early: the parent was interrupted."""
        self.is_told_to_stop = True

    def on_test_stopping(self, **_: Any) -> None:
        """The load ends now; users may finish the task they are in for `drain_s`. Who is left then is counted."""
        if self.ended_at is None:
            self.ended_at = time.time()
            self._note_cpu()
            if self.open_model is not None:
                self.open_model.finish()
                self.ended_at = min(self.ended_at, self.started_at + (self.orders.duration_s or 0.0))
            self.measured_at = self.measured_at if self.has_begun else self.ended_at
            gevent.spawn_later(max(self.environment.stop_timeout - 0.1, 0.0), self._count_unfinished)

    def _count_unfinished(self) -> None:
        self.unfinished = self.environment.runner.user_count

    def _note_cpu(self) -> None:
        if self.cpu_at_measured is None:
            return
        cpu, clock = self.cpu_at_measured
        elapsed = time.perf_counter() - clock
        if elapsed >= SHORTEST_CPU_S:
            self.cpu_ratio = (time.process_time() - cpu) / elapsed

    def tick(self, is_final: bool = False) -> None:
        """Flush the rows and tell the parent how it goes."""
        self._flush()
        if self.ended_at is None:
            self._note_cpu()
        recent_ms, self.recent_ms = sorted(self.recent_ms), []
        self._tell(self._status(is_final, recent_ms))

    def _flush(self) -> None:
        rows = secrets.clean_rows(self.rows)
        self.rows.clear()  # never replaced: lean users hold on to its append
        try:
            self.writer.append(rows)
        except OSError as error:
            self.rows_lost += len(rows)
            logger.error("rows lost: %s", error)
        self.requests += len(rows)
        self.errors += sum(row[_ERROR] is not None for row in rows)
        self.recent_ms += [row[_SERVICE_S] * 1000.0 for row in rows]

    def _status(self, is_final: bool, recent: list[float]) -> Status:
        return Status(
            at=time.time(),
            is_final=is_final,
            measured_at=self.measured_at,
            ended_at=self.ended_at,
            users=self.environment.runner.user_count if self.environment.runner else 0,
            requests=self.requests,
            errors=self.errors,
            requests_per_s=len(recent) / TICK_S,
            p50_ms=recent[len(recent) // 2] if recent else None,
            p95_ms=recent[int(len(recent) * 0.95)] if recent else None,
            generator_cpu_ratio=self.cpu_ratio,
            listener_exceptions=self.own_exceptions + self.event_errors.count,
            scenario_exceptions=self.scenario_exceptions,
            rows_lost=self.rows_lost,
            unfinished=self.unfinished,
            loop_lag_p99_ms=self.lag.p99_ms,
            **(self.open_model.counts if self.open_model is not None else {}),
        )

    def _tell(self, status: Status) -> None:
        try:
            os.write(self.orders.status_fd, (status.to_json() + "\n").encode())
        except OSError:  # the parent is gone; the next look at its pid ends the run
            return

    def on_quitting(self, **_: Any) -> None:
        if self.ended_at is None:
            self.ended_at = time.time()
        self.tick(is_final=True)
        try:
            self.writer.close()
        except OSError as error:
            logger.error("the shard could not be closed: %s", error)


class _EventErrors(logging.Handler):
    """Counts exceptions in anybody's event listeners, which Locust only logs."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.count = 0
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.count += str(record.msg).startswith("Uncaught exception in event handler")


def _headers_after_s(response: Any) -> float | None:
    """Seconds from sending to the reply's headers: FastHttpUser keeps a float, requests a timedelta."""
    elapsed = getattr(response, "_elapsed", None)
    if elapsed is None and (delta := getattr(response, "elapsed", None)) is not None:
        elapsed = delta.total_seconds()
    return elapsed


def _wire_bytes(response: Any) -> int | None:
    """The body's bytes before decoding, as counted while they were read."""
    counted = getattr(getattr(response, "_response", None), "perfkit_wire_bytes", None)
    if counted is not None:
        return int(counted)
    raw = getattr(response, "raw", None)
    return int(raw.tell()) if raw is not None and hasattr(raw, "tell") else None


def _count_body_bytes() -> None:
    """Make both HTTP clients count what they read: a chunked gzip reply says its size nowhere else."""
    feed = HTTPResponse._on_body

    def on_body(self: Any, chunk: bytearray) -> None:
        self.perfkit_wire_bytes += len(chunk)
        feed(self, chunk)

    HTTPResponse.perfkit_wire_bytes = 0
    HTTPResponse._on_body = on_body

    handle = urllib3.HTTPResponse._handle_chunk

    def handle_chunk(self: Any, amount: int | None) -> bytes:
        chunk: bytes = handle(self, amount)
        self._fp_bytes_read += len(chunk)  # urllib3 counts only bodies of known length
        return chunk

    urllib3.HTTPResponse._handle_chunk = handle_chunk


def _spawn(work: Callable[..., None], *arguments: Any) -> None:
    gevent.spawn(work, *arguments).link_exception(greenlet_exception_logger(logger))


@events.init.add_listener
def _start(environment: Any, **_: Any) -> None:
    orders = Orders.from_json(os.environ[VARIABLE])
    _count_body_bytes()
    recorder = Recorder(orders, environment)
    sink.install(recorder.sink)
    pauses.install(orders, environment.user_classes)
    if recorder.open_model is not None:
        taking.install(recorder.open_model)
    if recorder.open_model is not None or orders.stages:
        environment.shape_class = None  # the phase says what the scenario's own LoadTestShape would
    environment.stop_timeout = orders.drain_s
    gevent.signal_handler(signal.SIGUSR1, recorder.stop)
    environment.events.request.add_listener(recorder.on_request)
    environment.events.user_error.add_listener(recorder.on_user_error)
    environment.events.test_start.add_listener(recorder.on_test_start)
    environment.events.test_stopping.add_listener(recorder.on_test_stopping)
    environment.events.quitting.add_listener(recorder.on_quitting)
    gc.collect()
    gc.freeze()  # else each full collection walks all that was imported: 50 ms in which every user stands still
