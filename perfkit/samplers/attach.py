"""The attach protocol of a HotSpot JVM: commands of `jcmd` over the JVM's own socket. Knows one process, no command.

`jcmd` is a Java program that says the same, at the price of starting a JVM each time: a quarter of a second of CPU,
beside a load that is to be measured. The JVM opens its socket when SIGQUIT finds a certain file in /tmp. The signal
would end any other program, and a JVM that leaves it to the system: so it is sent to none of them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from perfkit.errors import TargetError
from perfkit.samplers.door import wait_until
from perfkit.samplers.proc import does_catch

OPEN_LIMIT_S: Final = 5.0
ANSWER_LIMIT_S: Final = 60.0  # a full collection of a large heap takes its time
_FRAME: Final = b"1\0jcmd\0%s\0\0\0"  # the protocol's version, the verb, and three arguments


def is_jvm(pid: int) -> bool:
    """Whether it has HotSpot in it."""
    try:
        return b"/libjvm.so" in Path(f"/proc/{pid}/maps").read_bytes()
    except OSError:
        return False


def ask(pid: int, command: str) -> str:
    """What the JVM answers to a command of `jcmd`.

    Raises:
        TargetError: it is no JVM that would survive the signal, or it refuses.
    """
    try:
        with _connected(pid) as connection:
            connection.sendall(_FRAME % command.encode("ascii"))
            reply = b"".join(iter(lambda: connection.recv(65536), b"")).decode("utf-8", "replace")
    except OSError as error:
        raise TargetError(f"JVM {pid} does not answer {command}: {error}") from error
    code, _, text = reply.partition("\n")
    if not code:
        raise TargetError(f"JVM {pid} refuses to be asked by this user", hint="run perfkit as the user of the JVM")
    if code != "0":
        said = next((line for line in text.splitlines() if line.strip()), f"code {code}")
        raise TargetError(f"JVM {pid} refuses {command}: {said.strip()}")
    return text


@contextlib.contextmanager
def _connected(pid: int) -> Iterator[socket.socket]:
    number = _own_number(pid)
    place = Path("/proc", str(pid), "root", "tmp")  # as the JVM sees it, which may be in a container
    door = place / f".java_pid{number}"
    connection = _connect(pid, door)
    if connection is None:
        _check_signal(pid)
        with _wanted(pid, place / f".attach_pid{number}"):
            os.kill(pid, signal.SIGQUIT)
            connection = wait_until(lambda: _connect(pid, door), OPEN_LIMIT_S)
    if connection is None:
        hint = "was it started with -XX:+DisableAttachMechanism, or does it stand still?"
        raise TargetError(f"JVM {pid} opens no door to be asked through", hint=hint)
    with connection:
        yield connection


def _connect(pid: int, door: Path) -> socket.socket | None:
    """To the socket that the JVM has made; None while there is none. Another user's is none."""
    try:
        found = door.lstat()
        if not stat.S_ISSOCK(found.st_mode) or found.st_uid not in (0, _owner(pid)[0]):
            return None
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(ANSWER_LIMIT_S)
    except FileNotFoundError:
        return None
    try:
        connection.connect(str(door))
    except (FileNotFoundError, ConnectionRefusedError):  # what an earlier process of this number has left
        connection.close()
        return None
    except OSError:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def _wanted(pid: int, file: Path) -> Iterator[None]:
    """The file that tells a JVM what the signal means; without it SIGQUIT prints a thread dump. It has to own it."""
    try:
        made = os.open(file, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600)
    except FileExistsError:  # somebody else attaches at this moment
        yield
        return
    try:
        with contextlib.suppress(PermissionError):
            os.fchown(made, *_owner(pid))
        os.close(made)
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()


def _check_signal(pid: int) -> None:
    if not (is_jvm(pid) and does_catch(pid, signal.SIGQUIT)):
        raise TargetError(
            f"process {pid} is no JVM that handles SIGQUIT; the signal would end it",
            hint="watch the JVM itself, or name a JSON endpoint: heap = { url, used, limit }",
        )


def _owner(pid: int) -> tuple[int, int]:
    found = Path(f"/proc/{pid}").stat()
    return found.st_uid, found.st_gid


def _own_number(pid: int) -> int:
    """The process's number as it knows it itself, which differs in a container."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[-1]) for line in lines if line.startswith("NSpid:")), pid)
