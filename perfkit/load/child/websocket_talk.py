"""One WebSocket's conversation: who waits for which reply, what came unasked, how it ended.

Knows messages by the id that they carry; knows neither Locust nor rows. Runs inside the load child.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, TypeAlias

import gevent
from gevent.event import AsyncResult

from perfkit.load.child import websocket_link
from perfkit.load.child.http.failures import ReadTimeoutError
from perfkit.load.child.websocket_link import CLOSE, CONTROL, FAILURES, NORMAL_CLOSURE, PONG, TEXT, Link

Answer: TypeAlias = tuple[float, Any, int | None]
"""When it came (perf_counter), the message and its size in bytes; of a pong the time alone."""

_GOODBYE_S: Final = 1.0
_LATE_IDS: Final = 1000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears what. `read` makes a message of a payload; `push` is told a message that answers nothing, when it came
    (perf_counter) and its size; `blame` an error of those two; `lost` by what the connection ended, unless `end` did,
    and whether somebody waited for a reply, who is told too.
    """

    read: Callable[[str | bytes], Any]
    push: Callable[[Any, float, int], None]
    blame: Callable[[Exception], None]
    lost: Callable[[Talk, Exception | None, bool], None]


class Talk:
    """What is said over one link. `id_keys`: the steps to the id in a message."""

    __slots__ = ("_ears", "_id_keys", "_late", "_link", "_reader", "_sent")

    def __init__(self, link: Link, id_keys: tuple[str, ...], ears: Ears) -> None:
        self._link = link
        self._id_keys = id_keys
        self._ears = ears
        self._sent: dict[Hashable, AsyncResult] = {}
        self._late: dict[str, None] = {}
        self._reader = gevent.spawn(self._read)

    def say(self, message: Any) -> None:
        """Send a message that nobody answers: bytes as binary, text as it is, else JSON. Raises as Link.send."""
        self._link.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def ask(self, message: Any, wanted: str, limit_s: float) -> Answer:
        """Send a message and wait for the one that carries the id `wanted`.

        Raises:
            OSError, WebSocketProtocolError: the connection was lost; as a ReadTimeoutError, nothing came in time.
        """
        return self._await(wanted, limit_s, lambda: self.say(message))

    def ping(self, payload: bytes, limit_s: float) -> Answer:
        """Send a ping and wait for its pong; as ask."""
        return self._await(payload, limit_s, lambda: self._link.ping(payload))

    def end_politely(self) -> None:
        """Say goodbye, wait a second at most for the server's, and end."""
        self._link.say_goodbye()
        self._reader.join(timeout=_GOODBYE_S)
        self.end()

    def end(self) -> None:
        """Close at once; safe where nothing may wait."""
        self._reader.kill(block=False)
        self._link.close()
        self._fail_all(ConnectionResetError("the scenario closed the connection"))

    def _await(self, wanted: Hashable, limit_s: float, send: Callable[[], None]) -> Answer:
        answer = AsyncResult()
        self._sent[wanted] = answer
        late = ReadTimeoutError(f"no reply within {limit_s:g} s")
        try:
            send()
            with gevent.Timeout(limit_s, late):
                found: Answer = answer.get()
                return found
        except ReadTimeoutError as error:
            if error is late and isinstance(wanted, str):
                self._expect_late(wanted)
            raise
        finally:
            if self._sent.get(wanted) is answer:
                del self._sent[wanted]

    def _expect_late(self, wanted: str) -> None:
        """A reply that comes after its time limit is not taken for a push."""
        self._late[wanted] = None
        if len(self._late) > _LATE_IDS:
            del self._late[next(iter(self._late))]

    def _read(self) -> None:
        """One greenlet a connection: hand out what comes until the connection ends."""
        lost_by: Exception | None
        try:
            lost_by = self._read_to_the_end()
        except FAILURES as error:
            lost_by = error
        except UnicodeDecodeError:
            lost_by = websocket_link.WebSocketProtocolError("a text message is not UTF-8")
        self._link.close()
        self._ears.lost(self, lost_by, bool(self._sent))
        self._fail_all(lost_by or ConnectionResetError("the server closed the WebSocket"))

    def _read_to_the_end(self) -> Exception | None:
        """Until the server says goodbye; None: it had nothing to complain of."""
        while True:
            opcode, payload = self._link.receive()
            if opcode not in CONTROL:
                self._take(payload.decode() if opcode == TEXT else payload, len(payload))
            elif opcode == PONG:
                self._answer(payload, (perf_counter(), None, None))
            elif opcode == CLOSE:
                code = websocket_link.close_code(payload)
                if code in {None, NORMAL_CLOSURE}:
                    return None
                return ConnectionResetError(f"the server closed the WebSocket ({code})")

    def _take(self, payload: str | bytes, size: int) -> None:
        came_at = perf_counter()
        try:
            message = self._ears.read(payload)
            wanted = value_at(message, self._id_keys)
            if wanted is not None and (self._answer(str(wanted), (came_at, message, size)) or self._is_late(wanted)):
                return
            self._ears.push(message, came_at, size)
        except Exception as error:  # the scenario's own code: told as Locust tells of a task
            logger.exception("the scenario failed over a message")
            self._ears.blame(error)

    def _answer(self, wanted: Hashable, found: Answer) -> bool:
        answer = self._sent.pop(wanted, None)
        if answer is None:
            return False
        answer.set(found)
        return True

    def _is_late(self, wanted: Any) -> bool:
        return self._late.pop(str(wanted), self) is None

    def _fail_all(self, lost_by: Exception) -> None:
        while self._sent:
            self._sent.popitem()[1].set_exception(lost_by)


def value_at(message: Any, keys: tuple[str, ...]) -> Any:
    """What stands there; None: nothing, or the message has no such place."""
    for key in keys:
        if isinstance(message, dict):
            message = message.get(key)
        elif isinstance(message, list) and key.isdigit() and int(key) < len(message):
            message = message[int(key)]
        else:
            return None
    return message
