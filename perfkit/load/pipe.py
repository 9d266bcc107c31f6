"""The pipe through which a load child tells its parent how it goes: whole lines, each read with a time limit."""

from __future__ import annotations

import contextlib
import os
import selectors
from collections.abc import Iterator
from typing import IO


@contextlib.contextmanager
def status_pipe() -> Iterator[tuple[int, IO[bytes]]]:
    """The writer is a file, which may be closed twice: a number closed twice may be somebody else's by then."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0), os.fdopen(writer, "wb", buffering=0) as file:
        yield reader, file


class Lines:
    """Whole lines from a pipe, with a time limit on each read."""

    def __init__(self, reader: int) -> None:
        self._reader = reader
        self._rest = b""
        self.is_closed = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(reader, selectors.EVENT_READ)

    def read(self, timeout_s: float) -> list[str]:
        """What has come since the last time; nothing when the time is up."""
        if not self._selector.select(timeout_s):
            return []
        data = os.read(self._reader, 65536)
        if not data:
            self.is_closed = True
            self._selector.close()
            return []
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode() for line in lines]
