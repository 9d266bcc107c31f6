"""Which SQL was slow, with its real parameters. Knows where slow queries are told; explains none of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from perfkit.queries import server_log
from perfkit.queries.fingerprint import fingerprint
from perfkit.queries.source import Capture, Captured, Source

__all__ = ["SOURCES", "Capture", "Captured", "Source", "fingerprint", "open_capture"]

SOURCES: Final[Mapping[str, Source]] = {
    "log": server_log,
}


def open_capture(dsn: str, slower_than_ms: float, log_folder: Path | None = None, *, source: str = "log") -> Capture:
    """Begin to capture queries slower than `slower_than_ms`; `source` is a key of SOURCES.

    Raises:
        DatabaseError: the server is not reachable, or does not tell what is needed.
    """
    return SOURCES[source].open_capture(dsn, slower_than_ms, log_folder)
