"""Runs one phase: Locust as a child process, from its command line to its end or the reason why it failed.

Knows processes, pipes and Locust's log; never imports Locust. A phase that is interrupted still returns what it did.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from perfkit.errors import ScenarioError
from perfkit.load import failure
from perfkit.load.orders import VARIABLE, Orders, Status
from perfkit.model import Phase, PhaseMark, Scenario

RECORDER: Final = Path(__file__).parent / "child" / "entry" / "perfkit_entry.py"
START_LIMIT_S: Final = 60.0
STOP_GRACE_S: Final = 10.0
SHARD: Final = "{phase}-{pid}.arrow"


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """What became of one phase. `end` is the child's last word; `is_interrupted`: Ctrl-C, or the watcher said stop."""

    mark: PhaseMark
    end: Status
    is_interrupted: bool


def run_phase(
    phase: Phase,
    scenario: Scenario,
    url: str,
    folder: Path,
    on_status: Callable[[Status], None],
    should_stop: Callable[[], bool] = lambda: False,
) -> PhaseRun:
    """Load the target as the phase says; rows go to `folder/requests/`, Locust's log to `folder/locust.log`.

    The first Ctrl-C ends the phase gently, a second one (KeyboardInterrupt leaves this function) at once. The child
    never outlives this call.

    Raises:
        ScenarioError: the scenario could not be loaded, or Locust ended before its load began.
    """
    started_at = time.time()
    log = folder / "locust.log"
    with _status_pipe() as (reader, writer):
        orders = _orders(phase, folder, writer.fileno())
        log_from = log.stat().st_size if log.exists() else 0
        with _child(_argv(phase, scenario, url), orders, log, writer.fileno()) as child:
            writer.close()
            last, is_interrupted = _follow(child, reader, on_status, should_stop)
            code = child.wait(timeout=STOP_GRACE_S)
    if last is None or (code != 0 and not last.is_final):
        text = log.read_bytes()[log_from:].decode(errors="replace")
        raise failure.explain(text, scenario.file, code, has_begun=last is not None)
    return PhaseRun(_mark(phase, started_at, last), last, is_interrupted)


def list_users(scenario: Scenario, folder: Path) -> list[str]:
    """The names of the User classes, found by loading the scenario in a child that makes no request.

    Raises:
        ScenarioError: it cannot be loaded.
    """
    argv = [sys.executable, "-m", "locust", "-f", str(scenario.file.resolve()), "--list"]
    listed = subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=START_LIMIT_S, check=False
    )
    names = [line.strip() for line in listed.stdout.splitlines() if line.startswith("    ")]
    if listed.returncode or not names:
        raise failure.explain(listed.stderr + listed.stdout, scenario.file, listed.returncode, has_begun=False)
    return names


def _orders(phase: Phase, folder: Path, writer: int) -> Orders:
    (folder / "requests").mkdir(parents=True, exist_ok=True)
    return Orders(
        phase=phase.name,
        shard=str(folder / "requests" / SHARD.format(phase=_file_name(phase.name), pid="{pid}")),
        status_fd=writer,
        parent_pid=os.getpid(),
        users=phase.users,
        warmup_s=phase.warmup_s,
        duration_s=phase.duration_s,
        iterations=phase.iterations,
        drain_s=phase.drain_s,
        rate_per_s=phase.rate_per_s,
        arrivals=phase.arrivals,
        max_users=phase.max_users,
        stages=tuple((stage.to, stage.over_s) for stage in phase.stages),
        pacing_s=phase.pacing_s,
        think_s=phase.think_s,
    )


def _file_name(phase: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in phase)


def _argv(phase: Phase, scenario: Scenario, url: str) -> list[str]:
    """Locust's command line. The scenario comes first, so that it is patched first; failed requests are data.

    In the open model Locust starts without users: the child makes them when they are needed.
    """
    locust = [sys.executable, "-m", "locust", "-f", f"{scenario.file},{RECORDER}", "--headless", "--host", url]
    rate = ["--users", str(0 if phase.is_open else phase.users), "--spawn-rate", str(max(phase.users, 1))]
    return [*locust, *rate, "--only-summary", "--exit-code-on-error", "0", *scenario.arguments]


@contextlib.contextmanager
def _status_pipe() -> Iterator[tuple[int, IO[bytes]]]:
    """The writer is a file, which may be closed twice: a number closed twice may be somebody else's by then."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0), os.fdopen(writer, "wb", buffering=0) as file:
        yield reader, file


@contextlib.contextmanager
def _child(argv: list[str], orders: Orders, log: Path, writer: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {VARIABLE: orders.to_json(), "LOCUST_SKIP_LOG_SETUP": "0", "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal reaches the parent only, which then decides.
        child = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(writer,),
            start_new_session=True,
        )
        try:
            yield child
        finally:
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _follow(
    child: subprocess.Popen[bytes],
    reader: int,
    on_status: Callable[[Status], None],
    should_stop: Callable[[], bool],
) -> tuple[Status | None, bool]:
    """Pass on the child's status lines until it ends. Returns its last word and whether it was stopped early."""
    last: Status | None = None
    is_interrupted = False
    deadline = time.monotonic() + START_LIMIT_S
    lines = _Lines(reader)
    while not lines.is_closed:
        try:
            for line in lines.read(timeout_s=0.2):
                last = Status.from_json(line)
                on_status(last)
            if not is_interrupted and last is not None and should_stop():
                is_interrupted = _stop_gently(child)
        except KeyboardInterrupt:
            if is_interrupted:
                raise
            is_interrupted = _stop_gently(child)
        if last is None and time.monotonic() > deadline:
            raise ScenarioError(
                f"Locust did not start within {START_LIMIT_S:.0f} s", hint="see locust.log in the run folder"
            )
    return last, is_interrupted


def _stop_gently(child: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGUSR1)
    return True


class _Lines:
    """Whole lines from a pipe, with a time limit on each read."""

    def __init__(self, reader: int) -> None:
        self._reader = reader
        self._rest = b""
        self.is_closed = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(reader, selectors.EVENT_READ)

    def read(self, timeout_s: float) -> list[str]:
        if not self._selector.select(timeout_s):
            return []
        data = os.read(self._reader, 65536)
        if not data:
            self.is_closed = True
            self._selector.close()
            return []
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode() for line in lines]


def _mark(phase: Phase, started_at: float, end: Status) -> PhaseMark:
    return PhaseMark(
        name=phase.name,
        users=None if phase.is_open else round(phase.peak),
        started_at=started_at,
        measured_at=end.measured_at,
        ended_at=end.ended_at or end.at,
        is_warmup_only=phase.is_warmup_only,
        generator_cpu_ratio=end.generator_cpu_ratio,
        listener_exceptions=end.listener_exceptions,
        scenario_exceptions=end.scenario_exceptions,
        rows_lost=end.rows_lost,
        unfinished=end.unfinished,
        loop_lag_p99_ms=end.loop_lag_p99_ms,
        arrivals=end.arrivals,
        started=end.started,
        dropped=end.dropped,
        dropped_warmup=end.dropped_warmup,
        busiest_users=end.busiest_users,
        max_users=phase.max_users if phase.is_open else None,
    )
