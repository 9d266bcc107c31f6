"""A benchmark within bounds: it ends in time, and what it started ends with it. Knows signals; measures nothing."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any


def run(main: Callable[[], None], limit_s: int) -> None:
    """Call `main`. After `limit_s`, and at SIGTERM, it is left by an exception, so that whatever cleans up does.

    Raises:
        SystemExit: it was ended.
    """
    signal.signal(signal.SIGTERM, _leave("ended by SIGTERM"))
    signal.signal(signal.SIGALRM, _leave(f"ended after {limit_s} s, which is more than this benchmark ever needs"))
    signal.alarm(limit_s)
    main()
    signal.alarm(0)


@contextlib.contextmanager
def started(argv: list[str], *, grace_s: float = 5.0, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program for the time of the with statement. Then it is asked to end, as nginx takes its worker along only when
    asked, and killed when it is still there after `grace_s`.
    """
    with subprocess.Popen(argv, **options) as program:
        try:
            yield program
        finally:
            program.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(grace_s)
            program.kill()


def _leave(reason: str) -> Callable[[int, Any], None]:
    def leave(_signal: int, _frame: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)  # what cleans up now is not to be disturbed
        raise SystemExit(reason)

    return leave
