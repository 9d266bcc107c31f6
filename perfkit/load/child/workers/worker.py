"""A worker's end of its connection to the master: gets its share of the orders, tells how it goes, hands its rows over.

Runs inside the load child that Locust started as a worker. Knows messages; the load itself is the course's.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gevent
from gevent.event import AsyncResult
from locust import __version__ as locust_version
from locust.exception import RPCError
from locust.rpc import Message

from perfkit import __version__
from perfkit.load.child.open_model.timer import Timer
from perfkit.load.child.superior import is_orphaned, tell_parent
from perfkit.load.child.workers import calls, feed_words
from perfkit.load.child.workers.clocks import Clocks
from perfkit.load.histogram import Fresh
from perfkit.load.orders import Orders, Status
from perfkit.load.words import Handed, Heard, Joined, Loaded, Refused, Word, to_line

if TYPE_CHECKING:
    from perfkit.load.child.course import Course

HELLO_EVERY_S: Final = 1.0
MASTER_SILENT_S: Final = 15.0
CHUNK_BYTES: Final = 1 << 20

logger = logging.getLogger(__name__)


class Link:
    """The course's superior on a worker. `orders` are the process's own at first, and then what the master gave."""

    def __init__(self, orders: Orders, environment: Any) -> None:
        self.orders = orders
        self.environment = environment
        self.runner = environment.runner
        self.clocks = Clocks()
        self.course: Course | None = None
        self.is_stopped = self.is_leaving = self.is_fetched = False
        self._answer: AsyncResult = AsyncResult()
        self._begin: AsyncResult = AsyncResult()
        self._digest = hashlib.sha256()
        self._heard = time.monotonic()  # Locust's own note of that is by a clock that may be set meanwhile
        handlers: dict[str, calls.Handler] = {
            calls.ORDERS: self._on_answer,
            calls.REFUSED: self._on_answer,
            calls.CLOCK: self._on_clock,
            calls.BEGIN: self._on_begin,
            calls.END: self._on_end,
            calls.STOP: self._on_stop,
            calls.FETCH: self._on_fetch,
            calls.FETCHED: self._on_fetched,
        }
        calls.register(self.runner, handlers)
        environment.events.heartbeat_received.add_listener(self._on_heartbeat)

    def await_orders(self) -> Orders:
        """Say hello until the master has given orders, when all workers are there. The process ends if it does not."""
        while (answer := self._answer.get_nowait() if self._answer.ready() else None) is None:
            self._say_hello()
            self._answer.wait(HELLO_EVERY_S)
            if self.is_gone():
                sys.exit(1)
        if "reason" in answer:
            logger.error("the master refuses this worker: %s", answer["reason"])
            self._tell_own_parent(Refused(answer["reason"]))
            sys.exit(1)
        return self._take(answer)

    def _say_hello(self) -> None:
        """To Locust, too: this may be another master than the one that Locust met, at the same address."""
        me = {
            "version": __version__,
            "scenario_hash": self.orders.scenario_hash,
            "is_lean": self.orders.is_lean,
            "is_remote": self.orders.is_remote,
            "name": f"{socket.gethostname()} pid {os.getpid()}",
            "taken": feed_words.read(self._feeds) if self.orders.is_remote else {},
            "sent_at": time.time(),
        }
        self._send("client_ready", locust_version)
        self._send(calls.HELLO, me)

    @property
    def _feeds(self) -> Path:
        return Path(self.orders.shard).parent.parent / "feeds"

    def _take(self, answer: Any) -> Orders:
        given, own = Orders.from_json(answer["orders"]), self.orders
        if own.is_remote:
            feed_words.write(self._feeds, answer["taken"])
        self.runner.worker_index = given.worker  # Locust counts those that were refused, too
        self.orders = replace(
            given,
            role="worker",
            shard=own.shard,
            status_fd=own.status_fd,
            parent_pid=own.parent_pid,
            is_remote=own.is_remote,
        )
        self._tell_own_parent(Joined(given.phase, answer["url"]))
        return self.orders

    def serve(self, course: Course) -> None:
        """All is set up: the master may say when to start."""
        self.course = course
        self._send(calls.READY, {})

    def tell(self, status: Status, fresh: Fresh) -> None:
        """Once a second: a status, and the response times in buckets."""
        best = self.clocks.best
        told = {  # a process that ends before the phase does has no last word: it is lost
            "status": to_line(replace(status, is_final=status.is_final and self.is_leaving)),
            "warmup": fresh.warmup.to_bytes(),
            "measured": fresh.measured.to_bytes(),
            "clock": tuple(best) if best is not None else None,
            "sent_at": time.time(),
        }
        self._send(calls.TELL, told)

    def await_begin(self) -> float:
        """Begin with all others: the master says at what time of its clock."""
        self._send(calls.USERS_READY, {})
        ahead_s = self.clocks.best.certain_s if self.clocks.best is not None else None
        at: float = self._begin.get() + (ahead_s or 0.0)
        due = time.perf_counter() + at - time.time()
        with closing(Timer()) as timer:
            timer.sleep_until(due)
        return due

    def is_gone(self) -> bool:
        """Whether the process that started this one is, or the master has not been heard for long."""
        return is_orphaned(self.orders) or time.monotonic() - self._heard > MASTER_SILENT_S

    def leave(self) -> None:
        """End the load here, say the last word, hand over rows when asked, and wait until the master ends the phase."""
        self.runner.stop()
        self.is_leaving = True
        if self.course is not None:
            self.course.on_quitting()
        while not self.is_gone():
            gevent.sleep(0.05)
        self.runner.quit()

    def say_farewell(self, **_: Any) -> None:
        """The process ends."""
        if self.orders.is_remote and self.course is not None:
            is_over = self.orders.is_last or self.is_stopped
            self._tell_own_parent(Handed(self.course.recorder.requests, self.is_fetched, is_over))

    def _on_heartbeat(self, **_: Any) -> None:
        self._heard = time.monotonic()

    def _on_answer(self, _: str, data: Any) -> None:
        self._answer.set(data)

    def _on_begin(self, _: str, data: Any) -> None:
        self._begin.set(data["at"])

    def _on_end(self, *_: Any) -> None:
        if self.course is not None:
            self.course.end()

    def _on_clock(self, _: str, data: Any) -> None:
        if self.clocks.best is None:
            self._tell_own_parent(Heard())
        self.clocks.note(data["sent_at"], data["answered_at"], time.time())

    def _on_stop(self, *_: Any) -> None:
        self.is_stopped = True
        if self.course is not None:
            self.course.stop()

    def _on_fetch(self, _: str, data: Any) -> None:
        """Send the next part of the shard, and after the last one what all of it was."""
        if self.course is None:
            return
        shard = self.course.recorder.shard
        with shard.open("rb") as file:
            file.seek(data["at"])
            part = file.read(CHUNK_BYTES)
        self._digest.update(part)
        size = shard.stat().st_size
        is_last = data["at"] + len(part) >= size
        name = f"{_plain(self.orders.phase)}-{_plain(socket.gethostname())}-{os.getpid()}.arrow"
        digest = self._digest.hexdigest() if is_last else None
        self._send(calls.CHUNK, {"data": part, "size": size, "name": name, "digest": digest})

    def _on_fetched(self, *_: Any) -> None:
        self.is_fetched = True
        if self.course is not None:
            self.course.recorder.shard.unlink(missing_ok=True)

    def _send(self, kind: str, data: Any) -> None:
        try:
            self.runner.client.send(Message(kind, data, self.runner.client_id))
        except RPCError as error:  # the master is not there, or the network; is_gone will tell
            logger.error("%s was not sent: %s", kind, error)

    def _tell_own_parent(self, word: Word) -> None:
        if self.orders.is_remote:
            tell_parent(self.orders, to_line(word))


def call_out(orders: Orders) -> None:
    """The scenario is loaded, and Locust calls the master next: who started a remote worker waits for that."""
    if orders.is_remote:
        tell_parent(orders, to_line(Loaded()))


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in text)
