"""What a scenario raises: how often, and of the first few places what. Runs inside the load child; stops nothing."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import perfkit
from perfkit.load.child import notes

TOLD: Final = 3
_TEXT_LIMIT: Final = 200
_NOT_OF_THE_SCENARIO: Final = (
    str(Path(perfkit.__file__).parent),
    *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
)


class Mishaps:
    """The exceptions of one phase's users; `count` is of all of them."""

    def __init__(self, phase: str) -> None:
        self.phase = phase
        self.count = 0
        self._places: set[str] = set()

    def on_user_error(self, exception: Any = None, tb: TracebackType | None = None, **_: Any) -> None:
        """Count it, and tell it when its place is new."""
        self.count += 1
        place = _place_of(tb)
        if place not in self._places and len(self._places) < TOLD:
            self._places.add(place)
            said = f"{type(exception).__name__}: {str(exception)[:_TEXT_LIMIT]}"
            notes.tell(f"phase {self.phase}: the scenario raised {said} ({place})")


def _place_of(tb: TracebackType | None) -> str:
    """The innermost line that somebody wrote for this scenario."""
    frames = [frame for frame in traceback.extract_tb(tb) if _is_of_the_scenario(frame.filename)]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "in no line of its own"


def _is_of_the_scenario(file: str) -> bool:
    """Compiled modules (gevent's) tell no folder."""
    return Path(file).is_absolute() and not file.startswith(_NOT_OF_THE_SCENARIO)
