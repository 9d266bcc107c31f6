"""The standard streams as commands need them: open, and able to take any text. Knows no command."""

from __future__ import annotations

import io
import os
import sys


def prepare() -> None:
    """Open those that were closed (`>&-`) onto nothing; put "?" for a sign that a stream's encoding does not have."""
    for number in range(3):
        _open_if_closed(number)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (held to the end)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _open_if_closed(number: int) -> None:
    """Else the next file that is opened gets this number, and what a child process prints goes into it."""
    try:
        os.fstat(number)
    except OSError:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, number)
        if nothing != number:
            os.close(nothing)
        os.set_inheritable(number, True)
