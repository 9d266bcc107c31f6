"""Which source of slow queries a server allows, and what would allow a better one. Asks each; changes no setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from perfkit.database import connect
from perfkit.errors import DatabaseError
from perfkit.model import PhaseMark
from perfkit.queries.pooler import note_on_pooler
from perfkit.queries.source import Capture, Captured, Source


@dataclass(frozen=True, slots=True)
class Option:
    """One source. `trouble` says why it is not open to us; its hint is the command that would change that."""

    source: str
    gives: str
    trouble: DatabaseError | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A capture from the best source that the server allows; `refused` are better ones, in their order.

    `pooler` is what cannot be known through the one that stands before the server; None: there is none.
    """

    source: str
    gives: str
    capture: Capture
    refused: tuple[Option, ...] = ()
    pooler: str | None = None

    def collect(self, phases: Sequence[PhaseMark] = ()) -> Captured:
        """See `perfkit.queries.source.Capture`."""
        captured = self.capture.collect(phases)
        return replace(captured, notes=(*self.notes(), *captured.notes))

    def close(self) -> None:
        self.capture.close()

    def notes(self) -> tuple[str, ...]:
        """Why it is no better source, how it could be one, and what stands in between."""
        better = (
            f"slow SQL is captured from {self.source!r} ({self.gives}) and not from {option.source!r}:"
            f" {option.trouble.message}" + (f"; {option.trouble.hint}" if option.trouble.hint else "")
            for option in self.refused
            if option.trouble is not None
        )
        return (*better, self.pooler) if self.pooler else tuple(better)


def open_best(sources: Mapping[str, Source], dsn: str, slower_than_ms: float, log_folder: Path | None) -> Chosen:
    """Begin to capture from the first of `sources`, the best first, that the server allows.

    Raises:
        DatabaseError: the server is not reachable, or allows none; the hint is what would allow the best.
    """
    with connect(dsn) as connection:  # who is not reachable need not be asked three times
        pooler = note_on_pooler(connection)
    refused: list[Option] = []
    for name, source in sources.items():
        try:
            capture = source.open_capture(dsn, slower_than_ms, log_folder)
            return Chosen(name, source.GIVES, capture, tuple(refused), pooler)
        except DatabaseError as trouble:
            refused.append(Option(name, source.GIVES, trouble))
    first = refused[0].trouble
    if first is None:
        raise AssertionError("a source that was refused has its reason")
    raise first
