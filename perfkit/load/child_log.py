"""The log that load children write to a file of their own accord, kept small: its beginning, and what came last.

A scenario may print without end. A pipe in between could block it, so the file is cut while it is written: children
append, wherever its end is. Knows bytes and lines; not what they mean.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FIRST_BYTES: Final = 2 << 20
LAST_BYTES: Final = 2 << 20


class ChildLog:
    """What is written to `path` from now on; what stands there already stays as it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._from = path.stat().st_size if path.exists() else 0
        self._left_out = self._told_bytes = 0

    def cut(self, spare_bytes: int = LAST_BYTES) -> None:
        """Take out the middle, once there are more than `spare_bytes` of it. What is written at that very moment is
        lost with it.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        head = self._from + FIRST_BYTES
        middle = size - head - self._told_bytes - LAST_BYTES
        if middle <= spare_bytes:
            return
        file = os.open(self.path, os.O_RDWR | os.O_APPEND)
        try:
            last = os.pread(file, LAST_BYTES, size - LAST_BYTES)
            last = last[last.find(b"\n") + 1 :]
            self._left_out += size - head - self._told_bytes - len(last)
            said = f"\n… {self._left_out:,} bytes were left out here by perfkit, which keeps the first and the last\n"
            self._told_bytes = len(said.encode())
            os.ftruncate(file, head)
            os.write(file, said.encode() + last)
        finally:
            os.close(file)

    def text(self) -> str:
        """What was written, as far as it was kept."""
        with self.path.open("rb") as file:
            file.seek(self._from)
            return file.read().decode(errors="replace")
