"""What a phase's child says, followed to its end: passed on, with an eye on the time that its load may take to begin.

Knows words and the child; starts nothing but the workers whose master listens.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Final

from perfkit.errors import ScenarioError
from perfkit.load import access, children
from perfkit.load.child_log import ChildLog
from perfkit.load.children import LocalWorkers
from perfkit.load.orders import Status
from perfkit.load.pipe import Lines
from perfkit.load.words import Begun, Joining, Listening, Word, from_line
from perfkit.model import Workers

START_LIMIT_S: Final = 60.0


class AtOnceError(KeyboardInterrupt):
    """A second Ctrl-C, while a load was already ending by the first: nothing more is waited for."""


class Ear:
    """What was heard of a phase so far, and until when its load must have begun."""

    def __init__(
        self, on_status: Callable[[Status], None], crew: LocalWorkers, workers: Workers, note: Callable[[str], None]
    ) -> None:
        self.last: Status | None = None
        self.has_begun = False
        self.crew = crew
        self._on_status, self._workers, self._note = on_status, workers, note
        self._joining: Joining | None = None
        self._limit_s = START_LIMIT_S
        self._since = time.monotonic()

    @property
    def is_waiting_for_workers(self) -> bool:
        return self._joining is not None and self._joining.joined < self._joining.expected

    def hear(self, word: Word) -> None:
        if isinstance(word, Status):
            self.last = word
            self._on_status(word)
        elif isinstance(word, Begun):
            self.has_begun = True
        elif isinstance(word, Listening):
            self.crew.start(word.port)
            self._wait(self._workers.wait_s if self._workers.remote else START_LIMIT_S)
        elif isinstance(word, Joining):
            self._tell(word)
            self._joining = word
            if not self.is_waiting_for_workers:
                self._wait(START_LIMIT_S)

    def _wait(self, seconds: float) -> None:
        self._since, self._limit_s = time.monotonic(), seconds

    def _tell(self, now: Joining) -> None:
        before = self._joining
        if self._workers.remote and (before is None or now.joined != before.joined):
            self._note(f"{now.joined} of {now.expected} workers are there")
        if now.refused and not (before and before.refused):
            self._note("somebody without the token of this run tries to join it")

    def require_begin_in_time(self) -> None:
        """
        Raises:
            ScenarioError: the load has not begun, and the time for that is up; or a worker ended before.
        """
        if self.last is not None or time.monotonic() - self._since < self._limit_s:
            return
        if self._joining is None or not self.is_waiting_for_workers:
            message = f"Locust did not start within {self._limit_s:.0f} s"
            raise ScenarioError(message, hint="see locust.log in the run folder")
        joined = f"{self._joining.joined} of {self._joining.expected} workers came within {self._limit_s:.0f} s"
        others = ", and somebody tried without the token of this run" if self._joining.refused else ""
        where = access.Address(self._workers.host, self._workers.port)
        raise ScenarioError(
            joined + others, hint=f"start them with: perfkit worker SUITE --master {where}, or see --wait"
        )


def follow(
    child: subprocess.Popen[bytes], lines: Lines, ear: Ear, should_stop: Callable[[], bool], log: ChildLog
) -> bool:
    """Pass on the child's words until it ends, and keep its log small. Returns whether it was stopped early.

    Raises:
        KeyboardInterrupt: it was to stop before its load began, so that there is nothing of it.
        AtOnceError: it was to stop a second time.
    """
    is_interrupted = is_over = False
    while not lines.is_closed and not is_over:
        try:
            is_over = children.has_ended(child)  # the pipe may be held open by what the scenario forked
            for line in lines.read(timeout_s=0.2):
                ear.hear(from_line(line))
            log.cut()
            if not is_interrupted and ear.last is not None and should_stop():
                is_interrupted = _stop_gently(child)
        except KeyboardInterrupt:
            if is_interrupted:
                raise AtOnceError from None
            if not ear.has_begun:
                raise
            is_interrupted = _stop_gently(child)
        if ear.is_waiting_for_workers and ear.crew.has_lost_one:
            break
        ear.require_begin_in_time()
    return is_interrupted


def _stop_gently(child: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGUSR1)
    return True
