"""The WebSocket user for Locust scenarios: requests by correlation id, pings, what the server pushes; a row for each.

Knows Locust's User and rows; who waits for which message is websocket_talk's, bytes and frames are websocket_link's.
Runs inside the load child.
"""

from __future__ import annotations

import itertools
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter, time
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import gevent
from locust import User
from locust.exception import RescheduleTask, StopTest

from perfkit.load.child import websocket_link
from perfkit.load.child.backoff import Backoff
from perfkit.load.child.http.failures import BadStatusError
from perfkit.load.child.websocket_link import FAILURES, Manner
from perfkit.load.child.websocket_rows import Jitter, Rows
from perfkit.load.child.websocket_talk import Answer, Ears, Talk, value_at

_SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class WebSocketFailedError(RescheduleTask):
    """A message got no answer. Its row is written; in a task this ends the task, and the user goes on."""


class WebSocketUser(User):
    """A Locust user with one WebSocket at a time. Each request, ping and push leaves a row; names begin with "WS".

    The attributes are set in the subclass.
    """

    abstract = True
    id_pointer: str = "/id"
    """Where a message carries its correlation id: a JSON pointer (RFC 6901)."""

    stream_pointer: str | None = None
    """Where a pushed message carries its stream's name; None: all pushes are one stream, named as the connection."""

    connect_timeout: float = 60.0
    """Seconds to look the name up, to connect, to agree on TLS and to upgrade."""

    request_timeout: float = 60.0
    """Seconds for a reply or a pong, unless the call says else; and for the server to take a message."""

    max_message_bytes: int = 1 << 26
    """A frame that is larger ends the connection: 64 MiB."""

    reconnect_pause: tuple[float, float] = (0.1, 5.0)
    """Seconds to wait after a failure before the next connection, or without one after a failed call: the first pause,
    twice as long each time, and the longest. A reply or a push ends it. (0, 0): none.
    """

    insecure: bool = False
    """True: the server's certificate is not checked."""

    ssl_context_factory: Callable[[], ssl.SSLContext] | None = None
    headers: ClassVar[Mapping[str, str]] = {}
    subprotocols: ClassVar[Sequence[str]] = ()

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        if self.host is None or urlsplit(self.host).scheme not in _SCHEMES:
            raise StopTest(f"a WebSocketUser needs a host that begins with http, https, ws or wss, not {self.host}")
        self.client = self  # whoever schedules leaves word in `client.intended_at`
        self.intended_at: float | None = None
        self._id_keys = _keys(self.id_pointer)
        self._stream_keys = _keys(self.stream_pointer) if self.stream_pointer is not None else None
        self._ids = itertools.count(1)
        self._rows = Rows(environment.events.request, self)
        self._ears = Ears(self.read_message, self._pushed, self._blame, self._lost)
        self._talk: Talk | None = None
        self._jitter = Jitter()
        self._backoff = Backoff(*self.reconnect_pause)
        self._name = ""

    @property
    def is_connected(self) -> bool:
        """False before `connect`, after `close`, and once the connection was lost."""
        return self._talk is not None

    def start(self, group: Any) -> Any:
        """As User.start; when the user leaves, its connection is closed."""
        greenlet = super().start(group)
        greenlet.link(lambda _: self._leave())
        return greenlet

    def connect(self, path: str, name: str | None = None, headers: Mapping[str, str] | None = None) -> bool:
        """Open the WebSocket (TCP, TLS, upgrade); an open one is closed first. Whether it worked; the row says why not.

        After a failure it waits first: see `reconnect_pause`; the pause is in no row.
        `name` stands for the path in this connection's rows: "WS connect NAME".
        """
        self.close()
        self._name = path if name is None else name
        self._pause()
        started_at, began_at = time(), perf_counter()
        failed_by: Exception | None = None
        try:
            link = websocket_link.connect(self._url(path), self._manner(headers))
        except FAILURES as error:
            failed_by = error
            self._backoff.fail()
        else:
            self._jitter = Jitter()
            self._talk = Talk(link, self._id_keys, self._ears)
        status = failed_by.status if isinstance(failed_by, BadStatusError) else None if failed_by else 101
        service_s = perf_counter() - began_at
        self._rows.leave(f"WS connect {self._name}", started_at, self._intended(), service_s, failed_by, status=status)
        return failed_by is None

    def request(self, message: Any, id: Any = None, name: str | None = None, timeout: float | None = None) -> Any:  # noqa: A002 (the field's own word)
        """Send a message and wait for the reply that carries its id; the reply, as `read_message` made it.

        A dict without an id is given one. Another message needs `id`, or its reply could not be told.

        Raises:
            WebSocketFailedError: no connection, it was lost, or no reply within `timeout` (seconds).
        """
        message, wanted = self._with_id(message, id)
        limit_s = self.request_timeout if timeout is None else timeout
        return self._row_of(f"WS request {name or self._name}", lambda talk: talk.ask(message, wanted, limit_s))

    def ping(self, name: str | None = None, timeout: float | None = None) -> None:
        """Send a ping and wait for its pong: what the way alone costs.

        Raises:
            WebSocketFailedError: as of `request`.
        """
        payload = b"perfkit-%d" % next(self._ids)
        limit_s = self.request_timeout if timeout is None else timeout
        self._row_of(f"WS ping {name or self._name}", lambda talk: talk.ping(payload, limit_s))

    def send(self, message: Any) -> None:
        """Send a message that nobody answers; no row, unless it fails. Bytes go as binary, text as it is, else JSON.

        Raises:
            WebSocketFailedError: as of `request`.
        """
        self._row_of(f"WS send {self._name}", lambda talk: talk.say(message))

    def close(self) -> None:
        """Say goodbye, wait a second at most for the server's, and close. Without a connection nothing happens."""
        talk, self._talk = self._talk, None
        if talk is not None:
            talk.end_politely()

    def on_push(self, message: Any) -> None:
        """Called with each message that answers no request, in the reader's greenlet. To be overridden."""

    def read_message(self, payload: str | bytes) -> Any:
        """What a message is to the scenario: JSON, or the text or bytes that are none. May be overridden."""
        try:
            return json.loads(payload)
        except ValueError:
            return payload

    def _url(self, path: str) -> str:
        parts = urlsplit(path)
        base = path if parts.scheme else str(self.host).rstrip("/") + "/" + path.lstrip("/")
        scheme, rest = base.split("://", 1)
        return f"{_SCHEMES[scheme.lower()]}://{rest}"

    def _manner(self, headers: Mapping[str, str] | None) -> Manner:
        factory = type(self).ssl_context_factory
        context = None if factory is None else factory()
        merged = {**self.headers, **(headers or {})}
        limits = (self.connect_timeout, self.request_timeout, self.max_message_bytes)
        return Manner(*limits, merged, self.subprotocols, is_verifying=not self.insecure, context=context)

    def _intended(self) -> float | None:
        intended_at, self.intended_at = self.intended_at, None
        return intended_at

    def _with_id(self, message: Any, given: Any) -> tuple[Any, str]:
        wanted = given if given is not None else value_at(message, self._id_keys)
        if wanted is None:
            if not isinstance(message, dict) or len(self._id_keys) != 1:
                raise ValueError("this message carries no id: give request(…, id=…), so that its reply can be told")
            wanted = next(self._ids)
            message = {**message, self._id_keys[0]: wanted}
        return message, str(wanted)

    def _row_of(self, name: str, do: Callable[[Talk], Answer | None]) -> Any:
        """Do something over the connection and leave its row; nothing to wait for (None) leaves one only if it fails.

        Time ends when the reader has the answer.
        """
        started_at, began_at = time(), perf_counter()
        talk = self._talk
        try:
            if talk is None:
                raise ConnectionResetError("there is no connection")
            answer = do(talk)
        except FAILURES as error:
            self._rows.leave(name, started_at, self._intended(), perf_counter() - began_at, error)
            if talk is None:
                self._backoff.fail()
                self._pause()
            raise WebSocketFailedError(str(error)) from error
        if answer is None:
            return None
        came_at, reply, size = answer
        self._backoff.succeed()
        self._rows.leave(name, started_at, self._intended(), came_at - began_at, None, size=size)
        return reply

    def _pause(self) -> None:
        """A user without a wait_time would else write failing rows as fast as it can. An arrival is paced already."""
        if (pause_s := self._backoff.pause_s) and self.intended_at is None:
            gevent.sleep(pause_s)

    def _pushed(self, message: Any, came_at: float, size: int) -> None:
        self._backoff.succeed()
        named = value_at(message, self._stream_keys) if self._stream_keys is not None else None
        stream = self._name if named is None else str(named)
        if (jitter_s := self._jitter.of(stream, came_at)) is not None:
            self._rows.leave(f"WS push {stream}", time(), None, jitter_s, None, size=size)
        self.on_push(message)

    def _blame(self, error: Exception) -> None:
        self.environment.events.user_error.fire(user_instance=self, exception=error, tb=error.__traceback__)

    def _lost(self, talk: Talk, lost_by: Exception | None, is_awaited: bool) -> None:
        """The connection ended; a loss that nobody waits for is a row of its own."""
        if self._talk is not talk:
            return
        self._talk = None
        if lost_by is not None:
            self._backoff.fail()
            if not is_awaited:
                self._rows.leave(f"WS connection {self._name}", time(), None, 0.0, lost_by)

    def _leave(self) -> None:
        """The user is gone."""
        talk, self._talk = self._talk, None
        if talk is not None:
            talk.end()


def _keys(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON pointer."""
    if not pointer.startswith("/"):
        raise StopTest(f"{pointer!r} is not a JSON pointer; write for example '/id'")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))
