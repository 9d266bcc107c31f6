"""One entry of a server log, whatever its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogEntry:
    """`written_at` is the server's own text: date, time to the millisecond, zone ("2026-11-22 05:45:48.163 CET")."""

    written_at: str
    database: str | None
    message: str
    detail: str | None
    query_id: str | None


class Format(Protocol):
    """A module that satisfies this is one line in `perfkit.queries.formats.FORMATS`."""

    SUFFIX: str
    """How the names of its files end, with the dot."""

    def entries(self, lines: Iterable[bytes]) -> Iterator[LogEntry | None]:
        """The entries of these lines (without line ends), in order; None for each that could not be read."""
        ...
