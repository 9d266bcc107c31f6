"""The reports of a run that goes on, made anew now and then by a process of its own, so that this one does not grow.

Knows when, and how that process ends; what a report is, not. A report that fails is a note: the run is worth more.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from perfkit.model import Config

EVERY_S: Final = 600.0
LONG_S: Final = 1800.0
_LAST_NICE: Final = 19  # it takes what CPU the load and its target leave


def period_of(config: Config) -> float:
    """Seconds between two reports; 0, none, where the phases are planned to take no longer than half an hour."""
    planned_s = sum(phase.duration_s or 0.0 for phase in config.phases)
    return EVERY_S if planned_s > LONG_S else 0.0


@contextlib.contextmanager
def rolling(folder: Path, every_s: float, note: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, make the reports of the run `every_s` seconds after the last ones were done; 0: never."""
    if every_s <= 0:
        yield
        return
    roller = _Roller(folder, every_s, note)
    roller.start()
    try:
        yield
    finally:
        roller.stop()


class _Roller:
    """One thread, which waits for one process at a time."""

    def __init__(self, folder: Path, every_s: float, note: Callable[[str], None]) -> None:
        self._folder, self._every_s, self._note = folder, every_s, note
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._has_failed = False
        self._thread = threading.Thread(target=self._run, name="perfkit-report", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """The process that is under way is ended: the last reports are made of the whole run."""
        with self._lock:
            self._stop.set()
            if self._process is not None:
                self._process.kill()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            process = self._begin()
            if process is None:
                return
            _, said = process.communicate()
            if process.returncode and not self._stop.is_set() and not self._has_failed:
                self._has_failed = True
                reason = (said.strip().splitlines() or [f"it ended with code {process.returncode}"])[0]
                self._note(f"the report could not be renewed while the run went on: {reason}")
            for draft in self._folder.glob(f".*.{process.pid}"):  # of files that it was writing when it was ended
                draft.unlink(missing_ok=True)

    def _begin(self) -> subprocess.Popen[str] | None:
        """In a session of its own, as Ctrl-C is for the load; None after the end."""
        argv = [sys.executable, "-m", "perfkit", "report", str(self._folder.resolve())]
        with self._lock:
            if self._stop.is_set():
                return None
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            with contextlib.suppress(OSError):  # it has just ended
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _LAST_NICE)
            return self._process
