"""Records every request of a Locust run, unrounded. Runs inside the load child.

Knows Locust's events; knows nothing of run folders, metrics or the parent, but the orders it was given. When the phase
begins and ends, the course says. Locust's own statistics are never read: they are rounded, and pooled.
"""

from __future__ import annotations

import logging
import os
import re
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from perfkit.load.child import (
    fired,
    notes,
    reply_bytes,
    secrets,
    sink,
)
from perfkit.load.child.mishaps import Mishaps
from perfkit.load.child.open_model import taking
from perfkit.load.child.replies import cache_status, error_kind
from perfkit.load.histogram import Fresh, Histogram
from perfkit.load.orders import Orders
from perfkit.model import Request
from perfkit.recorded.rows import RowWriter

_MESSAGE_LIMIT = 200
_IN_LOCUSTS_STATISTICS = "self.stats.log_"  # of its own listener, which is particular, and which nobody reads
_HALF = re.compile("[\ud800-\udfff]")
_ENDPOINT, _INTENDED, _STARTED, _SERVICE_S, _ERROR, _IS_WARMUP = (
    [field.name for field in fields(Request)].index(name)
    for name in ("endpoint", "intended_at", "started_at", "service_s", "error", "is_warmup")
)

logger = logging.getLogger(__name__)


class Recorder:
    """The rows of one phase in this process. Rows of before its load or after it are marked as warm-up."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.rows: list[Any] = []
        self.requests = self.errors = self.own_exceptions = self.rows_lost = 0
        self.made_at = time.time()
        self.mishaps = Mishaps(orders.phase)
        self.event_errors = _EventErrors()
        self.shard = Path(orders.shard.format(pid=os.getpid()))
        self.writer = RowWriter(self.shard, Request)
        self.sink = sink.Sink(orders.phase, time.time(), self.rows.append, self.on_request)
        self._warmup_ms: list[float] = []
        self._measured_ms: list[float] = []

    def on_request(
        self,
        name: str,
        response_time: float | None,
        response_length: int | None = None,
        response: Any = None,
        exception: BaseException | None = None,
        start_time: float | None = None,
        **_: Any,
    ) -> None:
        """Keep one request as a row. It must never raise: Locust would swallow it, so it is counted instead."""
        try:
            if response_time is None:
                notes.tell(f"{name}: requests without a response_time are in no figure")
            elif not getattr(response, "leaves_own_row", False):
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
        started_at = fired.started_at(start_time, service_s, self.made_at)
        intended_at = taking.take_intended_at() if self.orders.rate_per_s is not None else None
        intended_at = started_at if intended_at is None else intended_at
        headers, status = fired.headers_of(response), fired.status_of(response)
        return (
            self.orders.phase,
            str(name),
            intended_at,
            started_at,
            reply_bytes.headers_after_s(response) if headers is not None else None,
            service_s,
            status,
            reply_bytes.wire_bytes(response) if headers is not None else None,
            fired.length_of(response_length),
            cache_status(headers, status) if headers is not None else None,
            error_kind(exception, status) if exception else None,
            str(exception)[:_MESSAGE_LIMIT] if exception else None,
            not self.sink.measured_at <= intended_at < self.sink.ended_at,
        )

    def flush(self) -> None:
        """Put on disk what was recorded since the last time."""
        rows = secrets.clean_rows(self.rows)
        self.rows.clear()  # never replaced: lean users hold on to its append
        self.requests += len(rows)
        try:
            self._write(rows)
        except Exception:  # counted: the count makes the run invalid
            self.rows_lost += len(rows)
            logger.exception("rows lost")
            return
        self.errors += sum(row[_ERROR] is not None for row in rows)
        answered = [row for row in rows if row[_ERROR] is None or row[_ERROR] == "timeout"]
        self._warmup_ms += [_response_ms(row) for row in answered if row[_IS_WARMUP]]
        self._measured_ms += [_response_ms(row) for row in answered if not row[_IS_WARMUP]]

    def _write(self, rows: list[tuple[Any, ...]]) -> None:
        try:
            self.writer.append(rows)
        except (TypeError, ValueError):  # seldom, so that nothing is looked for in rows as they should be
            self.writer.append([_writable(row) for row in rows])

    def take_fresh(self) -> Fresh:
        """The response times since the last time this was asked, as `latency` counts them."""
        fresh = Fresh(Histogram(self._warmup_ms), Histogram(self._measured_ms))
        self._warmup_ms, self._measured_ms = [], []
        return fresh

    def close(self) -> None:
        """No row comes after this."""
        self.flush()
        try:
            self.writer.close()
        except OSError as error:
            logger.error("the shard could not be closed: %s", error)


def _writable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """With a name that is a text, and "\ufffd" for what no text on disk can hold (half a character, as JSON may)."""
    named = (*row[:_ENDPOINT], str(row[_ENDPOINT]), *row[_ENDPOINT + 1 :])
    return tuple(_HALF.sub("\ufffd", value) if isinstance(value, str) else value for value in named)


def _response_ms(row: Any) -> float:
    return float(row[_STARTED] - row[_INTENDED] + row[_SERVICE_S]) * 1000.0


class _EventErrors(logging.Handler):
    """Counts exceptions in anybody's event listeners, which Locust only logs."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.count = 0
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        is_raised = str(record.msg).startswith("Uncaught exception in event handler")
        self.count += is_raised and _IN_LOCUSTS_STATISTICS not in record.getMessage()
