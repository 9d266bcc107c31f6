"""One row for each thing that a WebSocket user did, and Locust's request event for whoever else listens.

What is measured of pushes is told here too: nobody asked for them, so they have no time but the one between them.
"""

from __future__ import annotations

from typing import Any, Final

from perfkit.load.child import sink
from perfkit.load.child.replies import error_kind

_MESSAGE_LIMIT: Final = 200
_LOCUST_STATISTICS: Final = "locust.runners"


class Rows:
    """Where the rows of one user go: to the recorder, and as Locust's event to whoever else listens."""

    __slots__ = ("_count", "_event", "_is_heard", "_sink", "_user", "leaves_own_row")

    def __init__(self, event: Any, user: Any) -> None:
        self._event = event
        self._user = user
        self._sink = sink.current
        self._count = -1
        self._is_heard = False
        self.leaves_own_row = self._sink is not None  # read by the recorder, which is handed this as the response

    def leave(
        self,
        name: str,
        started_at: float,
        intended_at: float | None,
        service_s: float,
        failed_by: Exception | None,
        *,
        status: int | None = None,
        size: int | None = None,
    ) -> None:
        """Times in unix seconds, durations in seconds, `size` of the reply's payload in bytes."""
        if (where := self._sink) is not None:
            wanted_at = started_at if intended_at is None else intended_at
            kind = None if failed_by is None else error_kind(failed_by, status)
            message = None if failed_by is None else str(failed_by)[:_MESSAGE_LIMIT]
            facts = (None, service_s, status, size, size, None, kind, message)  # from ttfb_s to message
            is_outside = not where.measured_at <= wanted_at < where.ended_at
            where.append((where.phase, name, wanted_at, started_at, *facts, is_outside))
        if len(self._event._handlers) != self._count:
            self._count_listeners()
        if self._is_heard:
            self._fire(name, started_at, service_s, failed_by, size)

    def _count_listeners(self) -> None:
        """With a recorder nobody reads Locust's own statistics, and the recorder has the row."""
        self._count = len(self._event._handlers)
        others = list(self._event._handlers)
        if self._sink is not None:
            others = [
                handler
                for handler in others
                if handler != self._sink.own_listener and getattr(handler, "__module__", "") != _LOCUST_STATISTICS
            ]
        self._is_heard = bool(others)

    def _fire(
        self, name: str, started_at: float, service_s: float, failed_by: Exception | None, size: int | None
    ) -> None:
        self._event.fire(
            request_type="WS",
            name=name,
            response_time=service_s * 1000.0,
            response_length=size or 0,
            response=self,
            context=self._user.context(),
            exception=failed_by,
            start_time=started_at,
            url=self._user.host,
        )


class Jitter:
    """By how much the time since a stream's last push differs from the time before that."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float | None]] = {}

    def of(self, stream: str, came_at: float) -> float | None:
        """Seconds, for a push that came now; None before the third of its stream."""
        last_at, last_gap_s = self._last.get(stream, (None, None))
        gap_s = None if last_at is None else came_at - last_at
        self._last[stream] = (came_at, gap_s)
        return None if gap_s is None or last_gap_s is None else abs(gap_s - last_gap_s)
