"""The system under test as a thing that answers: start it if told to, see that it is ready, stop it again.

Knows processes and HTTP; knows nothing of load or of what the answers mean.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx

from perfkit.errors import TargetError
from perfkit.model import Target

START_LIMIT_S: Final = 90.0
ANSWER_LIMIT_S: Final = 10.0
STOP_GRACE_S: Final = 10.0
_PORT: Final = "{port}"
_SEE_LOG: Final = "see the target's own log, or set target.ready to a path that answers"


@contextlib.contextmanager
def running(target: Target, log: Path | None = None) -> Iterator[Target]:
    """The target, ready: started for the block when it has a `start` command, else asked whether it answers.

    What is yielded has the real port in place of `{port}`, and watches the started process when nothing else is named.

    Raises:
        TargetError: it does not answer, or the command ends before it does.
    """
    if not target.start:
        require_answer(target)
        yield target
        return
    with _started(_with_port(target), log) as started:
        yield started


def require_answer(target: Target, *, limit_s: float = ANSWER_LIMIT_S) -> None:
    """Ask `ready` once. Any reply below 500 will do: a login page is a sign of life too.

    Its certificate is not checked here: whether that matters, each client of the scenario decides.

    Raises:
        TargetError: nothing listens, or it answers with a server error, or not at all.
    """
    url = _ready_url(target)
    try:
        status = httpx.get(url, timeout=limit_s, trust_env=False, verify=False).status_code  # noqa: S501 (see above)
    except httpx.ConnectError as error:
        raise TargetError(
            f"nothing answers at {target.url}: {error}", hint="start the target, or mend target.url"
        ) from error
    except httpx.HTTPError as error:
        message = f"{url} does not answer: {type(error).__name__}"
        raise TargetError(
            message, hint="see the target's own log, or set target.ready to a path that answers"
        ) from error
    if status >= 500:
        raise TargetError(
            f"{url} answers {status}", hint="see the target's own log, or set target.ready to another path"
        )


def does_answer(target: Target) -> bool:
    """Whether it answers now, for a look in between."""
    try:
        require_answer(target, limit_s=2.0)
    except TargetError:
        return False
    return True


def _ready_url(target: Target) -> str:
    return urljoin(target.url + "/", target.ready.lstrip("/"))


def _with_port(target: Target) -> Target:
    port = str(_free_port())
    return replace(
        target,
        url=target.url.replace(_PORT, port),
        start=tuple(word.replace(_PORT, port) for word in target.start),
        watch=tuple(word.replace(_PORT, port) for word in target.watch),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _started(target: Target, log: Path | None) -> Iterator[Target]:
    output = log.open("ab") if log else subprocess.DEVNULL
    try:
        # Its standard input is a pipe that this process holds: a target that heeds it ends when perfkit is killed.
        child = subprocess.Popen(
            target.start,
            env=os.environ | {"PATH": _path()},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        message = f"the target cannot be started: {target.start[0]}: {error.strerror}"
        raise TargetError(message, hint="mend target.start") from error
    finally:
        if log:
            output.close()  # type: ignore[union-attr]
    try:
        _wait_until_ready(target, child, log)
        yield replace(target, watch=target.watch or (f"pid:{child.pid}",))
    finally:
        _stop(child)


def _path() -> str:
    """With the folder of this Python in front: what is installed beside perfkit is found, activated or not."""
    own = str(Path(sys.executable).parent)
    return os.pathsep.join([own, os.environ.get("PATH", os.defpath)])


def _wait_until_ready(target: Target, child: subprocess.Popen[bytes], log: Path | None) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not does_answer(target):
        if child.poll() is not None:
            raise TargetError(f"the target ended with code {child.returncode} before it answered", hint=_last_line(log))
        if time.monotonic() > deadline:
            message = f"the target did not answer at {_ready_url(target)} within {START_LIMIT_S:.0f} s"
            raise TargetError(message, hint=_last_line(log))
        time.sleep(0.1)


def _last_line(log: Path | None) -> str:
    lines = log.read_text(errors="replace").split("\n") if log else []
    spoken = [line.strip() for line in lines if line.strip()]
    return f"its last line was: {spoken[-1][:300]}" if spoken else "run its command by hand to see why"


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Ask its whole process group to end, and make it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        try:
            child.wait(timeout=STOP_GRACE_S)
            break
        except subprocess.TimeoutExpired:
            continue
    if child.stdin:
        child.stdin.close()
