"""One row for each request, and Locust's request event for whoever else listens. Knows replies, not how they came."""

from __future__ import annotations

from typing import Any, Final

from perfkit.load.child import sink
from perfkit.load.child.http.failures import UndecodableBodyError
from perfkit.load.child.http.response import Response
from perfkit.load.child.replies import error_kind

_MESSAGE_LIMIT: Final = 200
_LOCUST_STATISTICS: Final = "locust.runners"


class Recording:
    """Where one user's requests go. `event` is Locust's `events.request`; None: there is none."""

    __slots__ = ("_count", "_event", "_handlers", "_is_heard", "_sink", "_user")

    def __init__(self, event: Any, user: Any) -> None:
        self._event = event
        self._user = user
        self._handlers: list[Any] = event._handlers if event is not None else []
        self._count = -1
        self._is_heard = False
        self._sink = sink.current

    def leave(
        self,
        method: str,
        name: str,
        started_at: float,
        intended_at: float | None,
        context: dict[str, Any] | None,
        response: Response,
        failed_by: Exception | None,
    ) -> None:
        """Write the row, and fire the event when it is heard. `started_at`, `intended_at`: unix seconds."""
        where = self._sink
        if where is not None:
            meant_at = started_at if intended_at is None else intended_at
            row = (
                where.phase,
                name,
                meant_at,
                started_at,
                response.ttfb_s,
                response.service_s,
                response.status_code or None,
                response.wire_bytes,
                response.decoded_bytes,
                response.cache,
                None if failed_by is None else error_kind(failed_by, response.status_code or None),
                None if failed_by is None else str(failed_by)[:_MESSAGE_LIMIT],
                not where.measured_at <= meant_at < where.ended_at,
            )
            where.append(row if response.packed is None else response.packed.keep(row))
        if len(self._handlers) != self._count:
            self._count_listeners()
        if self._is_heard:
            self._fire(method, name, context, started_at, response, failed_by)

    def _count_listeners(self) -> None:
        """The recorder has the row already, and nobody reads Locust's own statistics; anybody else is to hear of it."""
        self._count = len(self._handlers)
        known = (self._sink.own_listener,) if self._sink is not None else ()
        others = [handler for handler in self._handlers if handler not in known]
        if self._sink is not None:
            others = [handler for handler in others if getattr(handler, "__module__", "") != _LOCUST_STATISTICS]
        self._is_heard = bool(others)

    def _fire(
        self,
        method: str,
        name: str,
        context: dict[str, Any] | None,
        started_at: float,
        response: Response,
        failed_by: Exception | None,
    ) -> None:
        try:
            length = len(response.content or b"")
        except UndecodableBodyError as error:
            length = response.wire_bytes or 0
            failed_by = failed_by or error
        self._event.fire(
            request_type=method,
            name=name,
            response_time=response.service_s * 1000.0,
            response_length=length,
            response=response,
            context={**(self._user.context() if self._user is not None else {}), **(context or {})},
            exception=failed_by,
            start_time=started_at,
            url=response.url,
        )
