"""What a process said last. Knows that what it says is lines of text."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import IO


def last_words(said: IO[bytes] | Path, lines: int = 1) -> str:
    """The last lines that are not empty, with `: ` before them; "" when there are none."""
    if isinstance(said, Path):
        if not said.exists():
            return ""
        with said.open("rb") as log:
            return last_words(log, lines)
    said.seek(0)
    spoken = deque((text for line in said if (text := line.decode(errors="replace").strip())), maxlen=lines)
    return f": {' | '.join(spoken)}" if spoken else ""
