"""Starts `perfkit worker` as a user would, here or on another machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.cli.perfkit import MARK, TIMEOUT_S, Done
from tests.netns import OtherMachine

TOKEN = "PERFKIT_WORKER_TOKEN"
SECRET = "a-token-that-both-sides-know"


def a_worker(
    *arguments: str | Path, at: Path, machine: OtherMachine | None, token: str | None, env: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Begin `perfkit worker` there; whoever calls this ends it."""
    secret = {TOKEN: token} if token else {}
    argv = [*(machine.prefix if machine else ()), sys.executable, "-m", "perfkit", "worker", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if key != TOKEN}
    return subprocess.Popen(
        argv,
        cwd=at,
        env=environment | {"CI": "1", MARK: str(at), "TMPDIR": str(at)} | secret | (env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_of(process: subprocess.Popen[str]) -> Done:
    """What it said, when it has ended."""
    with process:
        out, err = process.communicate(timeout=TIMEOUT_S)
        return Done(process.returncode, out, err)


def a_free_port(host: str = "127.0.0.1") -> int:
    """One at which nobody listens."""
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
