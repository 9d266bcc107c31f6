"""A worker for a run that is made elsewhere: one load child a phase, from the first to the last, and what it tells.

Knows processes and words; the rows of each phase lie in a folder of its own until the run has fetched them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from perfkit import units
from perfkit.errors import ScenarioError, TargetError
from perfkit.load import access, children, failure
from perfkit.load.access import Address
from perfkit.load.child_log import ChildLog
from perfkit.load.orders import Orders
from perfkit.load.pipe import Lines, status_pipe
from perfkit.load.words import Handed, Heard, Joined, Loaded, Refused, Word, from_line
from perfkit.model import Scenario

LOAD_LIMIT_S: Final = 60.0
STRANGE_S: Final = 5.0
FAREWELL_S: Final = 5.0
_PROBE_S: Final = 1.0

Note = Callable[[str], None]


class NobodyError(TargetError):
    """No master has answered in time."""


def join(where: Address, scenario: Scenario, wait_s: float, note: Note) -> None:
    """Work for the run whose master listens at `where`, until the run is over, or no phase has followed for `wait_s`.

    Waits as long for the first phase. `note` gets a line for each step.

    Raises:
        UsageError: the master is on another machine, and there is no token.
        TargetError: nobody answers, or not to this token, or the master went away.
        ScenarioError: the scenario cannot be loaded, or is not the one of the run.
    """
    token = access.token_to_join(where)
    folder = Path(tempfile.mkdtemp(prefix="perfkit-worker-"))
    has_worked = False
    try:
        while not _work_one_phase(where, scenario, wait_s, note, folder, token).run_is_over:
            has_worked = True
            note("waiting for the next phase")
    except NobodyError:
        if not has_worked:
            raise
        note(f"no other phase within {wait_s:g} s: the run is over")
    finally:
        _tidy(folder, note)


def _work_one_phase(
    where: Address, scenario: Scenario, wait_s: float, note: Note, folder: Path, token: str | None
) -> Handed:
    log = ChildLog(folder / "locust.log")
    argv = children.worker(scenario, where.host, where.port)
    with status_pipe() as (reader, writer):
        orders = _orders(scenario, folder, writer.fileno())
        with children.running(argv, orders, log.path, writer.fileno(), token) as child:
            writer.close()
            ear = _Ear(where, wait_s, note)
            _follow(child, Lines(reader), ear, log)
            code = children.finish(child, FAREWELL_S)
    log.cut(0)
    if ear.handed is None:
        raise failure.explain(log.text(), scenario.files, code, has_begun=ear.has_joined)
    if not ear.handed.is_fetched:
        raise TargetError(f"the master at {where} went away, or the network to it, before it had this worker's rows")
    note(f"{units.count(ear.handed.requests, 'request')} made; their rows were fetched")
    return ear.handed


def _orders(scenario: Scenario, folder: Path, writer: int) -> Orders:
    """Those of a process that waits for others; the master says the rest."""
    (folder / "requests").mkdir(exist_ok=True)
    return Orders(
        phase="",
        shard=str(folder / "requests" / "{pid}.arrow"),
        status_fd=writer,
        parent_pid=os.getpid(),
        users=0,
        warmup_s=0.0,
        duration_s=None,
        iterations=None,
        drain_s=0.0,
        is_lean=scenario.is_lean,
        role="worker",
        scenario_hash=children.hash_of(scenario),
        is_remote=True,
    )


def _follow(child: subprocess.Popen[bytes], lines: Lines, ear: _Ear, log: ChildLog) -> None:
    try:
        is_over = False
        while not lines.is_closed and not is_over:
            is_over = children.has_ended(child)  # the pipe may be held open by what the scenario forked
            for line in lines.read(timeout_s=0.2):
                ear.hear(from_line(line))
            ear.require_answer()
            log.cut()
    except KeyboardInterrupt:
        child.terminate()  # its last rows are to reach the disk
        children.finish(child, FAREWELL_S)
        raise


class _Ear:
    """What the child of one phase has said, and how long it may take until the master answers it."""

    def __init__(self, where: Address, wait_s: float, note: Note) -> None:
        self.has_joined = False
        self.handed: Handed | None = None
        self._where, self._wait_s, self._note = where, wait_s, note
        self._is_loaded = self._is_heard = False
        self._since = time.monotonic()
        self._strange_since: float | None = None

    def hear(self, word: Word) -> None:
        if isinstance(word, Refused):
            raise ScenarioError(f"{self._where} refuses this worker: {word.reason}")
        if isinstance(word, Loaded):
            self._is_loaded, self._since = True, time.monotonic()
        elif isinstance(word, Heard):
            self._is_heard = True
        elif isinstance(word, Joined):
            self.has_joined = True
            self._note(f"phase {word.phase}: loading {word.url} for {self._where}")
        elif isinstance(word, Handed):
            self.handed = word

    def require_answer(self) -> None:
        """
        Raises:
            TargetError: nobody has answered in time; or somebody is there, and this token is not theirs.
            ScenarioError: the scenario takes too long to load.
        """
        waited_s = time.monotonic() - self._since
        if self._is_heard or self.has_joined:
            return
        if not self._is_loaded:
            if waited_s > LOAD_LIMIT_S:
                raise ScenarioError(f"the scenario was not loaded within {LOAD_LIMIT_S:.0f} s")
            return
        if waited_s > self._wait_s:
            hint = f"start the run with --expect-workers N --bind {self._where}, or wait longer with --wait"
            raise NobodyError(f"nobody answers at {self._where} within {self._wait_s:g} s", hint=hint)
        if waited_s > STRANGE_S and self._is_strange_for_long():
            hint = f"give the run and this worker the same {access.TOKEN}"
            raise TargetError(f"{self._where} is there, but answers nobody with this worker's token", hint=hint)

    def _is_strange_for_long(self) -> bool:
        """Whether somebody has listened there for a while, and said nothing. The master of a phase that ended may."""
        try:
            socket.create_connection(self._where, timeout=_PROBE_S).close()
        except OSError:
            self._strange_since = None
            return False
        self._strange_since = self._strange_since or time.monotonic()
        return time.monotonic() - self._strange_since > STRANGE_S / 2


def _tidy(folder: Path, note: Note) -> None:
    """Remove what was fetched; say where the rest lies."""
    left = [shard for shard in (folder / "requests").glob("*.arrow") if shard.stat().st_size]
    if left:
        note(f"rows that were not fetched lie in {folder / 'requests'}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
