"""Which SQL was slow, with its real parameters. Knows where slow queries are told; explains none of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from perfkit.queries import activity, server_log, statements
from perfkit.queries.choice import Chosen, open_best
from perfkit.queries.methods import fingerprint
from perfkit.queries.source import Capture, Captured, Source

__all__ = ["AUTO", "SOURCES", "Capture", "Captured", "Chosen", "Source", "fingerprint", "open_capture"]

AUTO: Final = "auto"

# The best first: with parameters, then exact, then estimated.
SOURCES: Final[Mapping[str, Source]] = {
    "log": server_log,
    "statements": statements,
    "activity": activity,
}


def open_capture(dsn: str, slower_than_ms: float, log_folder: Path | None = None, *, source: str = AUTO) -> Chosen:
    """Begin to capture queries slower than `slower_than_ms`; `source` is a key of SOURCES, or the best that there is.

    Raises:
        DatabaseError: the server is not reachable, or does not tell what is needed.
    """
    sources = SOURCES if source == AUTO else {source: SOURCES[source]}
    return open_best(sources, dsn, slower_than_ms, log_folder)
