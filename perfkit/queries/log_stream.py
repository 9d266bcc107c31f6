"""A log that is a file, compressed or not, or standard input, as pieces of bytes. Knows no line.

Compression is told by the first bytes and not by the name. A file that ends in the middle gives what it has.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, cast

from perfkit.errors import UsageError

CHUNK_BYTES: Final = 1 << 20
STANDARD_INPUT: Final = "-"

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes read so far and those that there are in all (None: nobody knows)."""


@dataclass(slots=True)
class LogStream:
    """One log. `is_cut` says that its compression ended in the middle, or was broken from there on."""

    name: str
    file: BufferedReader = field(repr=False)
    size: int | None
    is_cut: bool = False

    @property
    def position(self) -> int:
        """Bytes of the file that were read, compressed as they are."""
        return self.file.tell() if self.size is not None else 0

    def chunks(self) -> Iterator[bytes]:
        """
        Raises:
            UsageError: the file cannot be read any more.
        """
        plain, broken = _decompressed(self.file)
        held, size = [], 0  # pieces of a compressed file are small, and what came before a break must not be lost
        try:
            while piece := plain.read1(CHUNK_BYTES):
                held.append(piece)
                size += len(piece)
                if size >= CHUNK_BYTES:
                    yield b"".join(held)
                    held, size = [], 0
        except broken:
            self.is_cut = True
        except OSError as error:
            raise UsageError(f"{self.name} cannot be read: {error.strerror or error}") from error
        yield b"".join(held)


def open_stream(name: str) -> LogStream:
    """
    Raises:
        UsageError: the file is not there, or not for this user.
    """
    if name == STANDARD_INPUT:
        return LogStream("standard input", cast(BufferedReader, sys.stdin.buffer), None)
    try:
        file = Path(name).open("rb")  # noqa: SIM115 (closed by whoever reads the stream)
        return LogStream(name, file, Path(name).stat().st_size)
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror}", hint="name a log file, or - for standard input"
        ) from error


def _decompressed(file: BufferedReader) -> tuple[BufferedReader, tuple[type[Exception], ...]]:
    """The bytes inside, and what is raised where they are broken."""
    head = file.peek(4)[:4]
    if head.startswith(b"\x1f\x8b"):
        return cast(BufferedReader, gzip.GzipFile(fileobj=file)), (EOFError, zlib.error, gzip.BadGzipFile)
    if head.startswith(b"BZh"):
        return cast(BufferedReader, bz2.BZ2File(file)), (EOFError, ValueError, OSError)
    if head == b"\x28\xb5\x2f\xfd":
        zstd = _zstd()
        return zstd.ZstdFile(file), (EOFError, zstd.ZstdError)
    return file, ()


def _zstd() -> Any:
    """The module of the standard library from 3.14 on, else its backport."""
    try:
        return importlib.import_module("compression.zstd")
    except ImportError:
        return importlib.import_module("backports.zstd")
