"""One entry of a server log, whatever its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from perfkit.queries.formats.prefix import Prefix

Blocks = Iterable[bytes]
"""Pieces of a log, in order, each of whole lines with their ends."""


class LogEntry(NamedTuple):
    """An entry whose message begins with `duration: `.

    `written_at` is the server's own text: date, time to the millisecond, zone ("2026-11-22 05:45:48.163 CET"), or
    seconds since 1970; None where the log has no time.
    """

    written_at: str | None
    database: str | None
    message: str
    detail: str | None
    query_id: str | None
    user: str | None = None


@dataclass(slots=True)
class Missed:
    """Counts lines that could not be read."""

    lines: int = 0


class Format(Protocol):
    """A module that satisfies this is one line in `perfkit.queries.formats.FORMATS`."""

    SUFFIX: str
    """How the names of its files end, with the dot."""

    def entries(self, blocks: Blocks, missed: Missed, prefix: Prefix | None = None) -> Iterator[LogEntry]:
        """The entries with a duration, in order. Lines that are part of no entry are counted in `missed`.

        `prefix` is what the server writes before each entry, which only `stderr` has.
        """
        ...
