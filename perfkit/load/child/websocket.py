"""The WebSocket user for Locust scenarios: requests by correlation id, pings, what the server pushes; a row for each.

Knows Locust's User and messages; bytes and frames are websocket_link's. Runs inside the load child.
"""

from __future__ import annotations

import itertools
import json
import logging
import ssl
from collections.abc import Callable, Hashable, Mapping, Sequence
from time import perf_counter, time
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import gevent
from gevent.event import AsyncResult
from locust import User
from locust.exception import RescheduleTask, StopTest

from perfkit.load.child import websocket_link
from perfkit.load.child.http.failures import BadStatusError, ReadTimeoutError
from perfkit.load.child.websocket_link import CLOSE, CONTROL, FAILURES, NORMAL_CLOSURE, PONG, TEXT, Link, Manner
from perfkit.load.child.websocket_rows import Rows

_SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_GOODBYE_S: Final = 1.0
_LATE_IDS: Final = 1000

logger = logging.getLogger(__name__)


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
        self._link: Link | None = None
        self._reader: Any = None
        self._sent: dict[Hashable, AsyncResult] = {}
        self._late: dict[str, None] = {}
        self._pushed: dict[str, tuple[float, float | None]] = {}
        self._name = ""

    @property
    def is_connected(self) -> bool:
        """False before `connect`, after `close`, and once the connection was lost."""
        return self._link is not None

    def start(self, group: Any) -> Any:
        """As User.start; when the user leaves, its connection is closed."""
        greenlet = super().start(group)
        greenlet.link(lambda _: self._let_go())
        return greenlet

    def connect(self, path: str, name: str | None = None, headers: Mapping[str, str] | None = None) -> bool:
        """Open the WebSocket (TCP, TLS, upgrade); an open one is closed first. Whether it worked; the row says why not.

        `name` stands for the path in this connection's rows: "WS connect NAME".
        """
        self.close()
        self._name = path if name is None else name
        started_at, began_at = time(), perf_counter()
        failed_by: Exception | None = None
        try:
            self._link = websocket_link.connect(self._url(path), self._manner(headers))
        except FAILURES as error:
            failed_by = error
        status = failed_by.status if isinstance(failed_by, BadStatusError) else None if failed_by else 101
        service_s = perf_counter() - began_at
        self._rows.leave(f"WS connect {self._name}", started_at, self._intended(), service_s, failed_by, status=status)
        if self._link is None:
            return False
        self._pushed.clear()
        self._reader = gevent.spawn(self._read, self._link)
        return True

    def request(self, message: Any, id: Any = None, name: str | None = None, timeout: float | None = None) -> Any:  # noqa: A002 (the field's own word)
        """Send a message and wait for the reply that carries its id; the reply, as `read_message` made it.

        A dict without an id is given one. Another message needs `id`, or its reply could not be told.

        Raises:
            WebSocketFailedError: no connection, it was lost, or no reply within `timeout` (seconds).
        """
        payload, wanted = self._with_id(message, id)
        return self._exchange(f"WS request {name or self._name}", wanted, timeout, lambda link: link.send(payload))

    def ping(self, name: str | None = None, timeout: float | None = None) -> None:
        """Send a ping and wait for its pong: what the way alone costs.

        Raises:
            WebSocketFailedError: as of `request`.
        """
        payload = b"perfkit-%d" % next(self._ids)
        self._exchange(f"WS ping {name or self._name}", payload, timeout, lambda link: link.ping(payload))

    def send(self, message: Any) -> None:
        """Send a message that nobody answers; no row, unless it fails. Bytes go as binary, text as it is, else JSON.

        Raises:
            WebSocketFailedError: as of `request`.
        """
        started_at, began_at = time(), perf_counter()
        try:
            self._open_link().send(_payload(message))
        except FAILURES as error:
            name = f"WS send {self._name}"
            self._rows.leave(name, started_at, self._intended(), perf_counter() - began_at, error)
            raise WebSocketFailedError(str(error)) from error

    def close(self) -> None:
        """Say goodbye, wait a second at most for the server's, and close. Without a connection nothing happens."""
        link, self._link = self._link, None
        if link is not None:
            link.say_goodbye()
            self._reader.join(timeout=_GOODBYE_S)
        self._let_go(link)

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

    def _with_id(self, message: Any, given: Any) -> tuple[str | bytes, str]:
        wanted = given if given is not None else _at(message, self._id_keys)
        if wanted is None:
            if not isinstance(message, dict) or len(self._id_keys) != 1:
                raise ValueError("this message carries no id: give request(…, id=…), so that its reply can be told")
            wanted = next(self._ids)
            message = {**message, self._id_keys[0]: wanted}
        return _payload(message), str(wanted)

    def _open_link(self) -> Link:
        if self._link is None:
            raise ConnectionResetError("there is no connection")
        return self._link

    def _exchange(self, name: str, wanted: Hashable, timeout: float | None, send: Callable[[Link], None]) -> Any:
        """Send, wait for what the reader finds for `wanted`, and leave the row. Time ends when the reader has it."""
        limit_s = self.request_timeout if timeout is None else timeout
        answer = AsyncResult()
        self._sent[wanted] = answer
        started_at, began_at = time(), perf_counter()
        late = ReadTimeoutError(f"no reply within {limit_s:g} s")
        try:
            send(self._open_link())
            with gevent.Timeout(limit_s, late):
                came_at, reply, size = answer.get()
        except FAILURES as error:
            self._rows.leave(name, started_at, self._intended(), perf_counter() - began_at, error)
            if error is late and isinstance(wanted, str):
                self._expect_late(wanted)
            raise WebSocketFailedError(str(error)) from error
        finally:
            if self._sent.get(wanted) is answer:
                del self._sent[wanted]
        self._rows.leave(name, started_at, self._intended(), came_at - began_at, None, size=size)
        return reply

    def _expect_late(self, wanted: str) -> None:
        """A reply that comes after its time limit is not taken for a push."""
        self._late[wanted] = None
        if len(self._late) > _LATE_IDS:
            del self._late[next(iter(self._late))]

    def _read(self, link: Link) -> None:
        """One greenlet a connection: hand out what comes until the connection ends."""
        lost_by: Exception
        try:
            while True:
                opcode, payload = link.receive()
                if opcode in CONTROL:
                    if opcode == CLOSE:
                        code = websocket_link.close_code(payload)
                        lost_by = ConnectionResetError(f"the server closed the WebSocket ({code or 'no code'})")
                        self._lose(link, lost_by, is_normal=code in {None, NORMAL_CLOSURE})
                        return
                    if opcode == PONG:
                        self._answer(payload, (perf_counter(), None, None))
                else:
                    self._take(payload.decode() if opcode == TEXT else payload, len(payload))
        except FAILURES as error:
            lost_by = error
        except UnicodeDecodeError:
            lost_by = websocket_link.WebSocketProtocolError("a text message is not UTF-8")
        self._lose(link, lost_by, is_normal=False)

    def _take(self, payload: str | bytes, size: int) -> None:
        came_at = perf_counter()
        try:
            message = self.read_message(payload)
            wanted = _at(message, self._id_keys)
            if wanted is not None and (self._answer(str(wanted), (came_at, message, size)) or self._is_late(wanted)):
                return
            self._note_push(message, came_at, size)
            self.on_push(message)
        except Exception as error:  # the scenario's own code: told as Locust tells of a task
            logger.exception("the scenario failed over a message")
            self.environment.events.user_error.fire(user_instance=self, exception=error, tb=error.__traceback__)

    def _answer(self, wanted: Hashable, found: tuple[float, Any, int | None]) -> bool:
        answer = self._sent.pop(wanted, None)
        if answer is None:
            return False
        answer.set(found)
        return True

    def _is_late(self, wanted: Any) -> bool:
        return self._late.pop(str(wanted), self) is None

    def _note_push(self, message: Any, came_at: float, size: int) -> None:
        """Jitter: by how much the time since the stream's last push differs from the time before that."""
        named = _at(message, self._stream_keys) if self._stream_keys is not None else None
        stream = self._name if named is None else str(named)
        last_at, last_gap_s = self._pushed.get(stream, (None, None))
        gap_s = None if last_at is None else came_at - last_at
        self._pushed[stream] = (came_at, gap_s)
        if gap_s is not None and last_gap_s is not None:
            self._rows.leave(f"WS push {stream}", time(), None, abs(gap_s - last_gap_s), None, size=size)

    def _lose(self, link: Link, lost_by: Exception, *, is_normal: bool) -> None:
        """The connection ended. Who waits is told; a loss that nobody waits for is a row of its own."""
        link.close()
        if self._link is link:
            self._link = None
            if not self._sent and not is_normal:
                self._rows.leave(f"WS connection {self._name}", time(), None, 0.0, lost_by)
        self._fail_all(lost_by)

    def _fail_all(self, lost_by: Exception) -> None:
        while self._sent:
            self._sent.popitem()[1].set_exception(lost_by)

    def _let_go(self, link: Link | None = None) -> None:
        """Close at once; safe where nothing may wait."""
        link, self._link = link or self._link, None
        if self._reader is not None:
            self._reader.kill(block=False)
            self._reader = None
        if link is not None:
            link.close()
        self._fail_all(ConnectionResetError("the scenario closed the connection"))


def _payload(message: Any) -> str | bytes:
    return message if isinstance(message, str | bytes) else json.dumps(message)


def _keys(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON pointer."""
    if not pointer.startswith("/"):
        raise StopTest(f"{pointer!r} is not a JSON pointer; write for example '/id'")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def _at(message: Any, keys: tuple[str, ...]) -> Any:
    """What stands there; None: nothing, or the message has no such place."""
    for key in keys:
        if isinstance(message, dict):
            message = message.get(key)
        elif isinstance(message, list) and key.isdigit() and int(key) < len(message):
            message = message[int(key)]
        else:
            return None
    return message
