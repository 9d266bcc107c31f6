"""A process that has imported what commands import, and forks for each: what `python -m perfkit` needs a second for.

Each command is a process of its own with its own folder, environment, input and output, as when it is started anew.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
_FILES = 3


class Warm:
    """The process, begun when it is first needed, and ended with this one."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, "-m", "tests.cli.warm", str(theirs.fileno())]
            self._process = subprocess.Popen(argv, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        atexit.register(self._end)

    def run(
        self, arguments: Sequence[str], at: Path, env: Mapping[str, str], stdin: str | None, timeout_s: float
    ) -> tuple[int, str, str]:
        """The command's exit code, and what it said on standard output and standard error.

        Raises:
            TimeoutError: it did not end in time; it is killed then.
        """
        with contextlib.ExitStack() as files:
            given, out, err = (files.enter_context(tempfile.TemporaryFile("w+")) for _ in range(_FILES))
            given.write(stdin or "")
            given.seek(0)
            job = json.dumps({"argv": arguments, "cwd": os.fspath(at), "env": dict(env)}).encode()
            fds = [given.fileno(), out.fileno(), err.fileno()]
            socket.send_fds(self._socket, [len(job).to_bytes(4, "big")], fds)
            self._socket.sendall(job)
            pid = self._number()
            self._socket.settimeout(timeout_s)
            try:
                code = self._number()
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._socket.settimeout(None)
                self._number()
                raise
            finally:
                self._socket.settimeout(None)
            return code, _whole(out), _whole(err)

    def _number(self) -> int:
        return int.from_bytes(_exactly(self._socket, 4), "big", signed=True)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        if not (came := source.recv(size - len(found))):
            raise EOFError
        found += came
    return found


def serve(talk: socket.socket) -> None:
    """Fork for each command that comes: this returns in the forked process only."""
    while True:
        size, fds, _, _ = socket.recv_fds(talk, 4, _FILES)
        if not size:
            sys.exit(0)
        size += _exactly(talk, 4 - len(size))
        job = json.loads(_exactly(talk, int.from_bytes(size, "big")))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads, which are NumPy's, and idle
            pid = os.fork()
        if pid == 0:
            return _become(job, fds, talk)
        for fd in fds:
            os.close(fd)
        talk.sendall(pid.to_bytes(4, "big"))
        _, status = os.waitpid(pid, 0)
        talk.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))


def _become(job: dict[str, object], fds: list[int], talk: socket.socket) -> None:
    talk.close()
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(str(job["cwd"]))
    os.environ.clear()
    os.environ.update(job["env"])  # type: ignore[call-overload]
    tempfile.tempdir = None
    sys.path[0] = os.getcwd()  # noqa: PTH109 (as `python -m` has it)
    sys.argv[1:] = job["argv"]  # type: ignore[call-overload]


if __name__ == "__main__":
    import pandas as pd
    import pyarrow as pa

    import perfkit.__main__ as program
    from perfkit.cli import measuring
    from perfkit.cli.app import main

    warmed = (pd, pa, measuring)
    __package__ = "perfkit"  # its name in its own help is "python -m perfkit"
    sys.argv[0] = program.__file__
    gc.freeze()  # else each process looks through all that was imported as it ends, which costs more than it does
    serve(socket.socket(fileno=int(sys.argv[1])))
    main()
