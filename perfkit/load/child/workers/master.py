"""The master of a phase with several workers: gathers them, hands out their shares, sums up what they tell, ends them.

Runs inside the load child that Locust started as its master. Each worker keeps the phase's time itself; the master
makes no load. It never moves the load of a lost worker to the others: what is lost is told.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import gevent
import zmq
from gevent.event import Event
from locust import runners
from locust.dispatch import UsersDispatcher
from locust.rpc import Message

from perfkit.load.child import notes, user_ramp
from perfkit.load.child.course import TICK_S
from perfkit.load.child.superior import is_orphaned, spawn, tell_parent
from perfkit.load.child.workers import calls, feed_words
from perfkit.load.child.workers.clocks import Ahead
from perfkit.load.child.workers.fetching import Fetcher
from perfkit.load.child.workers.refusals import Refusals, reason_against
from perfkit.load.child.workers.roster import Member, Roster
from perfkit.load.child.workers.summing import nothing, summed
from perfkit.load.histogram import Histogram
from perfkit.load.orders import Orders, Status
from perfkit.load.words import Begun, Joining, Listening, from_line, to_line

BEGIN_IN_S: Final = 0.25
STEP_S: Final = 0.05

logger = logging.getLogger(__name__)


class Master:
    """One phase. `install` makes it listen; all else happens by messages and in `_run`."""

    def __init__(self, orders: Orders, environment: Any) -> None:
        self.orders = orders
        self.environment = environment
        self.runner = environment.runner
        self.roster = Roster(self._reaches)
        self.recent, self.overall = Histogram(), Histogram()
        self.refusals = Refusals(self.runner.server.socket)
        self.fetcher = Fetcher(self.runner, Path(orders.shard).parent)
        self.may_start, self.has_ended = Event(), Event()
        self.is_told_to_stop = self.is_told_to_end = False
        self._listener: Any = None

    def install(self) -> None:
        """Take part in what Locust does from now on."""
        runners.HEARTBEAT_LIVENESS = sys.maxsize  # Locust would give a silent worker's users to the others
        UsersDispatcher.add_worker = UsersDispatcher.remove_worker = lambda self, worker_node: None
        self._wrap("handle_message", self._handle_message)
        self._wrap("start", self._start)
        self._wrap("quit", self._quit)
        handlers: dict[str, calls.Handler] = {
            calls.HELLO: self._on_hello,
            calls.READY: self._on_ready,
            calls.USERS_READY: self._on_users_ready,
            calls.TELL: self._on_tell,
            calls.CHUNK: self.fetcher.on_chunk,
        }
        calls.register(self.runner, handlers)
        gevent.signal_handler(signal.SIGUSR1, self._stop)
        self.environment.stop_timeout = self.orders.drain_s
        self.environment.events.test_start.add_listener(self._on_test_start)
        tell_parent(self.orders, to_line(Listening(self.runner.server.port)))
        spawn(self._run)

    def _wrap(self, name: str, stand_in: Any) -> None:
        original = getattr(self.runner, name)
        setattr(self.runner, name, lambda *args, **keywords: stand_in(original, *args, **keywords))

    # What Locust does

    def _handle_message(self, original: Any, client_id: str, msg: Any) -> None:
        self._listener = gevent.getcurrent()
        self.roster.hear(client_id)
        original(client_id, msg)

    def _start(self, original: Any, *args: Any, **keywords: Any) -> None:
        if gevent.getcurrent() is self._listener:
            logger.info("a worker came or went: the load of the others stays as it is")
            return
        self.may_start.wait()
        for client_id in self.runner.clients:
            if client_id not in self.roster.members:
                del self.runner.clients[client_id]
        original(*args, **keywords)

    def _quit(self, original: Any) -> None:
        """Locust ends the phase, perhaps as a shape of the scenario has ended: after the workers."""
        if gevent.getcurrent() is not self._listener:
            self.is_told_to_end = True
            self.has_ended.wait()
        original()
        self.runner.quit = lambda: None  # Locust quits again and again in shutting down, half a second each

    def _on_test_start(self, **_: Any) -> None:
        if self.orders.rate_per_s is None and self.orders.stages:
            spawn(user_ramp.follow, self.orders, self.runner)

    # What workers say

    def _on_hello(self, sender: str, data: Any) -> None:
        self._answer_with_the_time(sender, data)
        if self.has_ended.is_set():
            return  # it has come too early for the next phase, and will say hello to its master
        if sender not in self.roster.members:
            if reason := reason_against(data, self.orders, len(self.roster.members)):
                self._refuse(sender, reason)
                return
            member = Member(sender, data["name"], data["is_remote"], data["taken"])
            self.roster.add(member)

    def _refuse(self, sender: str, reason: str) -> None:
        logger.warning("worker %s is refused: %s", sender, reason)
        self.runner.send_message(calls.REFUSED, {"reason": reason}, sender)
        self.runner.clients.pop(sender, None)

    def _on_ready(self, sender: str, data: Any) -> None:
        self.roster.members[sender].is_ready = True

    def _on_users_ready(self, sender: str, data: Any) -> None:
        self.roster.members[sender].has_users = True

    def _on_tell(self, sender: str, data: Any) -> None:
        self._answer_with_the_time(sender, data)
        member = self.roster.members.get(sender)
        status = from_line(data["status"])
        if member is None or not isinstance(status, Status):
            return
        member.status = status
        member.clock = Ahead(*data["clock"]) if data["clock"] is not None else None
        warmup, measured = (Histogram.from_bytes(data[kind]) for kind in ("warmup", "measured"))
        self.recent.add(warmup)
        self.recent.add(measured)
        self.overall.add(measured)

    def _answer_with_the_time(self, sender: str, data: Any) -> None:
        self.runner.send_message(calls.CLOCK, {"sent_at": data["sent_at"], "answered_at": time.time()}, sender)

    def _reaches(self, client_id: str) -> bool:
        """Whether there is a connection to it: a socket that must route says so, and Locust's own is not to."""
        socket = self.runner.server.socket
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        try:
            socket.send_multipart([client_id.encode(), Message("heartbeat", None, client_id).serialize()], zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        finally:
            socket.setsockopt(zmq.ROUTER_MANDATORY, 0)
        return True

    def _stop(self) -> None:
        self.is_told_to_stop = True

    # What happens

    def _run(self) -> None:
        self._gather()
        self._give_orders()
        self._until(lambda: all(member.is_ready for member in self.roster.present))
        self.roster.begin()
        tell_parent(self.orders, to_line(Begun()))
        self.may_start.set()
        if self.orders.rate_per_s is not None:
            spawn(self._begin_together)
        self._follow()
        self.fetcher.fetch(self.roster.remote)
        self._tell(is_final=True)
        self.has_ended.set()
        self.runner.quit()

    def _gather(self) -> None:
        told: Joining | None = None
        while not told or told.joined < told.expected:
            for client_id in self.roster.forget_silent():
                self.runner.clients.pop(client_id, None)
            now = Joining(len(self.roster.members), self.orders.workers, self.refusals.number)
            if now != told:
                tell_parent(self.orders, to_line(now))
                told = now
            self._leave_if_orphaned()
            gevent.sleep(STEP_S)

    def _give_orders(self) -> None:
        folder = Path(self.orders.shard).parent.parent / "feeds"
        taken = feed_words.merge(folder, [member.taken for member in self.roster.members.values()])
        for worker, member in enumerate(self.roster.in_order()):
            orders = self.orders.share(worker)
            answer = {"orders": orders.to_json(), "taken": taken, "url": self.environment.host}
            self.runner.send_message(calls.ORDERS, answer, member.client_id)

    def _begin_together(self) -> None:
        self._until(lambda: all(member.has_users for member in self.roster.present))
        at = time.time() + BEGIN_IN_S
        for member in self.roster.present:
            self.runner.send_message(calls.BEGIN, {"at": at}, member.client_id)

    def _until(self, is_so: Any) -> None:
        while not is_so():
            self._leave_if_orphaned()
            gevent.sleep(STEP_S / 10)

    def _leave_if_orphaned(self) -> None:
        """Before the load there is nothing to keep; the workers hear no heartbeat any more, and go."""
        if is_orphaned(self.orders):
            os._exit(1)

    def _follow(self) -> None:
        """Tell the parent once a second, until every worker has ended or is silent."""
        due = time.perf_counter() + TICK_S
        told_to: set[str] = set()
        while not self.roster.is_over():
            gevent.sleep(STEP_S)
            self._pass_on(told_to)
            if time.perf_counter() >= due:
                due += TICK_S
                self._tell(is_final=False)

    def _pass_on(self, told_to: set[str]) -> None:
        if self.is_told_to_stop or is_orphaned(self.orders):
            kind = calls.STOP
        elif self.is_told_to_end:
            kind = calls.END
        else:
            return
        if kind not in told_to:
            told_to.add(kind)
            self.runner.send_message(kind, {})

    def _tell(self, *, is_final: bool) -> None:
        told = [status for member in self.roster.members.values() if (status := member.told) is not None]
        if not told and not is_final:
            return
        recent, self.recent = self.recent, Histogram()
        marks = self.roster.marks(is_final=is_final)
        status = summed(told or [nothing(self.roster.began_at)], marks, recent, self.overall, is_final=is_final)
        tell_parent(self.orders, to_line(replace(status, notes=tuple(dict.fromkeys((*notes.told(), *status.notes))))))
