"""The sample ERP as a process of its own, for the time of a block. Knows how it is started and that it answers."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import IO, Final

from perfkit.demo.last_words import last_words
from perfkit.errors import TargetError, UsageError

START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 8.0
DSN_ENV: Final = "PERFKIT_DEMO_DSN"
REDIS_ENV: Final = "PERFKIT_DEMO_REDIS"


@dataclass(frozen=True, slots=True)
class Erp:
    """Where it answers, and its process."""

    url: str
    pid: int


@contextlib.contextmanager
def running_erp(dsn: str, redis_url: str, fixes: Collection[str], *, port: int | None = None) -> Iterator[Erp]:
    """The ERP with some of its fixes, ready, on 127.0.0.1; on a free port unless one is named.

    The indexes are not its own: see `fixes.apply_indexes`. It ends with the block, and with this process however that
    ends: also when it is killed.

    Raises:
        UsageError: the port is taken.
        TargetError: it does not start; the message holds the last lines that it wrote.
    """
    with tempfile.TemporaryFile() as log, _listening(port) as listener:
        child = _start(dsn, redis_url, fixes, listener, log)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            listener.close()  # now only the child has it: if that dies, callers are refused and not kept waiting
            _wait_until_ready(url, child, log)
            yield Erp(url, child.pid)
        finally:
            _stop(child)


def require_free(port: int) -> None:
    """Look whether somebody listens there, before a database is made and filled for the ERP.

    Raises:
        UsageError: the port is taken.
    """
    with _listening(port):
        return


@contextlib.contextmanager
def _listening(port: int | None) -> Iterator[socket.socket]:
    """Bound here and handed down, so that nobody can take a free port between its choice and its use."""
    try:
        listener = socket.create_server(("127.0.0.1", port or 0), backlog=2048)
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {error.strerror}", hint="name another with --port") from error
    with listener:
        yield listener


def _start(
    dsn: str, redis_url: str, fixes: Collection[str], listener: socket.socket, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    words = ["--fixes", ",".join(sorted(fixes)) or "none", "--fd", str(listener.fileno()), "--lifeline"]
    words += ["--dsn-env", DSN_ENV, "--redis-env", REDIS_ENV]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "perfkit.demo.erp", *words],  # -P: not from the folder one stands in
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=[listener.fileno()],
        env={**os.environ, DSN_ENV: dsn, REDIS_ENV: redis_url},
        start_new_session=True,
    )


def _wait_until_ready(url: str, child: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not _answers(url):
        if child.poll() is not None:
            raise _failure(f"the sample ERP ended with code {child.returncode} before it answered", log)
        if time.monotonic() > deadline:
            raise _failure(f"the sample ERP did not answer within {START_LIMIT_S:.0f} s", log)
        time.sleep(0.05)


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/health", timeout=2.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _failure(what: str, log: IO[bytes]) -> TargetError:
    return TargetError(what + last_words(log, lines=3), hint='see that pip install "perfkit[demo]" went well')


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Let go of the lifeline; insist when that is not enough."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
