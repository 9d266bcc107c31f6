"""The files of a server log: on this machine, or read over a connection. Knows bytes and lines, no form of log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg

CHUNK_BYTES: Final = 1 << 20
MAX_LINE_BYTES: Final = 16 << 20

_LIST: Final = """/* perfkit */
SELECT name, extract(epoch FROM modification)::float8, size FROM pg_ls_logdir() WHERE name LIKE '%%' || %s
"""
_READ: Final = "/* perfkit */ SELECT pg_read_binary_file(%s, %s, %s, true)"


@dataclass(frozen=True, slots=True)
class LogFile:
    """`modified_at` is in unix seconds of the clock of whoever holds the file."""

    name: str
    modified_at: float
    size: int


class LogFiles(Protocol):
    """A log folder."""

    def listing(self, suffix: str) -> list[LogFile]:
        """The files whose names end so, the one written to last at the end."""
        ...

    def read(self, name: str, offset: int) -> bytes:
        """At most CHUNK_BYTES from `offset` on; empty at the end of the file, or when it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """A log folder that this process may read."""

    folder: Path

    def listing(self, suffix: str) -> list[LogFile]:
        found = []
        for path in self.folder.glob(f"*{suffix}"):
            try:
                status = path.stat()
            except FileNotFoundError:  # rotated away meanwhile
                continue
            found.append(LogFile(path.name, status.st_mtime, status.st_size))
        return sorted(found, key=lambda file: (file.modified_at, file.name))

    def read(self, name: str, offset: int) -> bytes:
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(offset)
                return file.read(CHUNK_BYTES)
        except FileNotFoundError:
            return b""


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """A log folder that only the server may read; `folder` is what the server calls it (`log_directory`)."""

    connection: psycopg.Connection[tuple[Any, ...]] = field(repr=False)
    folder: str

    def listing(self, suffix: str) -> list[LogFile]:
        rows = self.connection.execute(_LIST, [suffix]).fetchall()
        return sorted((LogFile(*row) for row in rows), key=lambda file: (file.modified_at, file.name))

    def read(self, name: str, offset: int) -> bytes:
        row = self.connection.execute(_READ, [f"{self.folder}/{name}", offset, CHUNK_BYTES]).fetchone()
        return bytes(row[0]) if row and row[0] is not None else b""


class LineCutter:
    """Cut a growing file into blocks of whole lines, holding back the last line until its end has come.

    A line beyond MAX_LINE_BYTES comes out empty, which no form of log can read: so it is counted, not kept.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._is_skipping = False

    def cut(self, chunk: bytes) -> bytes:
        """The lines that end in this chunk, each with its end."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._hold(chunk)
            return b""
        first = chunk.index(b"\n") if self._is_skipping else 0
        block = b"".join([*self._held, chunk[first:end]])
        self._held, self._held_bytes, self._is_skipping = [], 0, False
        self._hold(chunk[end:])
        return block

    def _hold(self, piece: bytes) -> None:
        self._held.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes > MAX_LINE_BYTES or self._is_skipping:
            self._held, self._held_bytes, self._is_skipping = [], 0, True

    def rest(self) -> bytes:
        """What has come without an end, with one."""
        return b"".join([*self._held, b"\n"]) if self._held_bytes or self._is_skipping else b""


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of whole lines; the last line gets the end that it may lack."""
    cutter = LineCutter()
    for chunk in chunks:
        if block := cutter.cut(chunk):
            yield block
    if rest := cutter.rest():
        yield rest
