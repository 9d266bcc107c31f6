"""Runs the real command line as a user would: a process, its output, its exit code, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from tests.cli.warm import Warm

TIMEOUT_S = 90.0
MARK = "PERFKIT_TEST_AT"  # inherited by every process that the command starts


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The error as the user reads it, from the line that begins with "error:" on."""
        return self.err[self.err.index("error:") :] if "error:" in self.err else ""


def perfkit(*arguments: str | Path, at: Path, env: dict[str, str] | None = None, stdin: str | None = None) -> Done:
    """Run `perfkit …` in the folder `at` to its end, in a process that need not import everything anew."""
    return Done(*_warm().run([*map(str, arguments)], at, _environment(at, env), stdin, TIMEOUT_S))


def start(*arguments: str | Path, at: Path, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Begin `perfkit …` from nothing; whoever calls this ends it."""
    return subprocess.Popen(
        [sys.executable, "-m", "perfkit", *map(str, arguments)],
        cwd=at,
        env=_environment(at, env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _environment(at: Path, more: dict[str, str] | None) -> dict[str, str]:
    return os.environ | {"CI": "1", "COLUMNS": "120", MARK: str(at)} | (more or {})


@cache
def _warm() -> Warm:
    return Warm()


def interrupt_when(
    process: subprocess.Popen[str], is_time: Callable[[], bool], times: int = 1, gap_s: float = 0.5
) -> Done:
    """Send Ctrl-C once something is so, and wait for the end."""
    deadline = time.monotonic() + TIMEOUT_S
    while not is_time():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"it ended before its time: {process.returncode}\n{out}\n{err}")
        time.sleep(0.05)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(gap_s)
    out, err = process.communicate(timeout=TIMEOUT_S)
    return Done(process.returncode, out, err)


def strays(at: Path) -> list[str]:
    """Command lines of live processes that a `perfkit` started at this folder, or one of its children, left behind."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        try:
            is_ours = process.environ().get(MARK) == str(at)
        except psutil.Error:
            continue
        if is_ours and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(" ".join(process.info["cmdline"] or []))
    return found


def rows_in(folder: Path) -> int:
    """Bytes of request rows on disk below a folder."""
    return sum(shard.stat().st_size for shard in folder.glob("**/requests/*.arrow"))
