"""What a source of slow queries must offer, and what it gives. Knows no source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from perfkit.model import CapturedQuery, PhaseMark


@dataclass(frozen=True, slots=True)
class Captured:
    """What a source has seen: the queries, those that took most time in all first.

    `lines_unparsed` counts what could not be read; `notes` are sentences about what may be missing, and the remedy.
    `source` is a key of `perfkit.queries.SOURCES`, `fingerprints` the name of the method that made them.
    """

    queries: tuple[CapturedQuery, ...]
    lines_unparsed: int = 0
    notes: tuple[str, ...] = ()
    source: str = "log"
    fingerprints: str = "own"


class Capture(Protocol):
    """A capture that has begun."""

    def collect(self, phases: Sequence[PhaseMark] = ()) -> Captured:
        """What was executed since the capture began. May be called again: it then reads again from the beginning.

        With `phases`, only executions that began in the measured part of a phase count, and each query says how many
        in which. Without, all count.

        Raises:
            DatabaseError: what is needed to read is not reachable any more.
        """
        ...

    def close(self) -> None:
        """End what goes on meanwhile, if anything does. May be called twice, and before `collect`."""
        ...


class Source(Protocol):
    """A module that satisfies this is one line in `perfkit.queries.SOURCES`."""

    GIVES: str
    """What is known of a query that comes from here, in a few words."""

    def open_capture(self, dsn: str, slower_than_ms: float, log_folder: Path | None = None) -> Capture:
        """Begin now. `log_folder` is where this machine sees the server's log, when not where the server says.

        Raises:
            DatabaseError: the server does not tell what is needed; the hint is the command that makes it.
        """
        ...
