"""What a process said last. Knows that a log is lines of text."""

from __future__ import annotations

from collections import deque
from pathlib import Path


def last_words(log: Path, lines: int = 1) -> str:
    """The last lines that say something, with `: ` before them; "" when the log is empty or not there."""
    try:
        with log.open(errors="replace") as text:
            spoken = deque((line.strip() for line in text if line.strip()), maxlen=lines)
    except FileNotFoundError:
        return ""
    return f": {' | '.join(spoken)}" if spoken else ""
