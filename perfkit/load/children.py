"""Starts Locust as child processes and sees them to their end. Knows processes; not what they are told or tell."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from perfkit.load.access import TOKEN
from perfkit.load.orders import VARIABLE, Orders
from perfkit.model import Scenario

FIRST: Final = Path(__file__).parent / "child" / "entry" / "perfkit_first.py"
RECORDER: Final = FIRST.with_name("perfkit_entry.py")
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (where to find who listens there)
_LOOK: Final = os.WEXITED | os.WNOHANG | os.WNOWAIT
_LOOK_EVERY_S: Final = 0.02
_ALWAYS: Final = {
    "LOCUST_SKIP_LOG_SETUP": "0",
    "LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP": "0.1",  # else a ramp goes in steps of a second
    "PYTHONUNBUFFERED": "1",
}


def locust(scenario: Scenario) -> list[str]:
    """The beginning of every command line: what must be so before the scenario, the scenario, the recorder."""
    files = ",".join(map(str, (FIRST, *scenario.files, RECORDER)))
    return [sys.executable, "-m", "locust", "-f", files, "--exit-code-on-error", "0"]


def worker(scenario: Scenario, host: str, port: int) -> list[str]:
    """The command line of a worker of the master there."""
    where = ["--master-host", for_zmq(_EVERYWHERE.get(host, host)), "--master-port", str(port)]
    return [*locust(scenario), "--worker", *where, *scenario.arguments]


def for_zmq(host: str) -> str:
    """An IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def hash_of(scenario: Scenario) -> str:
    """Of all its files, with the names of those in a folder: the same on every machine."""
    digest = hashlib.sha256()
    for file in scenario.files:
        for one in sorted(file.rglob("*.py")) if file.is_dir() else [file]:
            digest.update(f"{one.relative_to(file).as_posix()}\0".encode())
            digest.update(one.read_bytes() if one.is_file() else b"")
    return digest.hexdigest()


@contextlib.contextmanager
def running(
    argv: list[str], orders: Orders, log: Path, writer: int | None = None, token: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A child with these orders; its output goes to `log`. Neither it nor what it starts outlives the block."""
    secret = {} if token is None else {TOKEN: token}
    child = None
    try:
        with log.open("ab") as output, _undisturbed():
            # A session of its own: Ctrl-C in the terminal reaches the parent only, which then decides.
            child = subprocess.Popen(
                argv,
                env=os.environ | _ALWAYS | secret | {VARIABLE: orders.to_json()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=() if writer is None else (writer,),
                start_new_session=True,
            )
        yield child
    finally:
        if child is not None:
            finish(child, 0.0)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM come at the end of the block: in the midst of its start nobody would know of the child."""
    came: list[int] = []
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    put_off = {one: handler for one, handler in handlers.items() if callable(handler)}
    if threading.current_thread() is not threading.main_thread():
        put_off = {}
    for one in put_off:
        signal.signal(one, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for one, handler in put_off.items():
            signal.signal(one, handler)
    for number in came[:1]:
        put_off[signal.Signals(number)](number, None)


def has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether it has. It is not reaped: until then its number is that of its group, and of nothing else."""
    return child.returncode is not None or os.waitid(os.P_PID, child.pid, _LOOK) is not None


def finish(child: subprocess.Popen[bytes], within_s: float) -> int:
    """Its exit code, once it has ended, or was ended after so long. With it goes what is left of all it has started."""
    deadline = time.monotonic() + within_s
    while not has_ended(child) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


class LocalWorkers(contextlib.ExitStack):
    """The workers of this machine. They are started when their master listens, and do not outlive the block."""

    def __init__(
        self, scenario: Scenario, host: str, number: int, orders: Orders, log: Path, token: str | None
    ) -> None:
        super().__init__()
        self._scenario, self._host, self._number = scenario, host, number
        self._orders = replace(orders, role="worker", status_fd=-1)
        self._log, self._token = log, token
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, port: int) -> None:
        """Start them all, as the master listens at `port`."""
        argv = worker(self._scenario, self._host, port)
        for _ in range(self._number):
            child = self.enter_context(running(argv, self._orders, self._log, token=self._token))
            self._children.append(child)

    @property
    def has_lost_one(self) -> bool:
        """Whether one of them has ended."""
        return any(map(has_ended, self._children))

    def join(self, timeout_s: float) -> None:
        """Let them come to their end, all together for so long."""
        deadline = time.monotonic() + timeout_s
        for child in self._children:
            finish(child, deadline - time.monotonic())
