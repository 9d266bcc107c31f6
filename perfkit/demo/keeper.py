"""The process that keeps the demo's servers: it starts them, and ends them when whoever asked for them is gone.

Its standard input is the lifeline. The parent holds the other end and never writes; the kernel closes it even when the
parent is killed. The first line of standard output is JSON: the addresses, or what went wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from perfkit.demo.owner import give, owner
from perfkit.demo.postgres import LOGS, dsn_of, start_postgres
from perfkit.demo.valkey import redis_url_of, start_valkey
from perfkit.errors import DatabaseError, PerfkitError

STOP_GRACE_S: Final = 15.0
LONGEST_BASE: Final = 60  # a socket's path may have 103 bytes; the folder and the socket's own name take 38


def main(words: list[str] | None = None) -> int:
    """Keep the servers that the arguments name until the lifeline ends."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    wish = _wish(words)
    try:
        with _private_folder(wish.keep) as folder, contextlib.ExitStack() as servers:
            _tell(_start(folder, wish, servers))
            sys.stdin.buffer.read()
    except PerfkitError as error:
        kind = "database" if isinstance(error, DatabaseError) else "usage"
        _tell({"error": error.message, "hint": error.hint, "kind": kind})
        return 1
    except OSError as error:
        said = f"the demo's servers cannot be started: {error}"
        _tell({"error": said, "hint": "set TMPDIR to a folder with space", "kind": "database"})
        return 1
    return 0


def _tell(facts: dict[str, str | None]) -> None:
    """The one line that the parent waits for; a parent that is gone already will not miss it."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(facts).encode() + b"\n")


def _wish(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m perfkit.demo.keeper")
    parser.add_argument("--postgres", metavar="DURATION", help="start PostgreSQL; it logs what takes this long")
    parser.add_argument("--valkey", action="store_true", help="start Valkey")
    parser.add_argument("--keep", action="store_true", help="leave the folder behind")
    return parser.parse_args(words)


def _start(folder: Path, wish: argparse.Namespace, servers: contextlib.ExitStack) -> dict[str, str | None]:
    run_by = owner()
    give(folder, run_by)
    addresses: dict[str, str | None] = {"folder": str(folder), "dsn": None, "redis_url": None, "log_folder": None}
    if wish.valkey:
        servers.callback(_stop, start_valkey(folder, run_by), signal.SIGTERM)
        addresses["redis_url"] = redis_url_of(folder)
    if wish.postgres:
        # "Immediate" leaves a log to replay, which is fine for data that is thrown away; "fast" leaves whole data.
        how = signal.SIGINT if wish.keep else signal.SIGQUIT
        servers.callback(_stop, start_postgres(folder, run_by, wish.postgres), how)
        addresses |= {"dsn": dsn_of(folder), "log_folder": str(folder / LOGS)}
    return addresses


@contextlib.contextmanager
def _private_folder(is_kept: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="perfkit-demo-", dir=_base()))
    try:
        yield folder
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def _base() -> Path:
    """The temporary folder, unless the servers' user may not enter it or the path of a socket would get too long."""
    base = Path(tempfile.gettempdir()).resolve()
    is_open = owner() is None or all(folder.stat().st_mode & stat.S_IXOTH for folder in (base, *base.parents))
    return base if is_open and len(str(base)) <= LONGEST_BASE else Path("/tmp")  # noqa: S108 - a folder of mkdtemp's own


def _stop(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    server.send_signal(how)
    try:
        server.wait(STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _leave(number: int, _frame: object) -> None:
    for also in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(also, signal.SIG_IGN)  # the first one ends it; a second must not interrupt the cleaning up
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
