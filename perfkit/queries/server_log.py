"""Slow queries from the server's own log, with the parameters they were run with.

Needs no extension and no restart, sees every client, and costs the server what it logs anyway. The steps are told
here; each knows its part: where the log is, what has been added, what a line says, what it adds up to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from perfkit.database import connect, reason_of
from perfkit.errors import DatabaseError
from perfkit.model import PhaseMark
from perfkit.queries.log_files import LocalFiles
from perfkit.queries.log_place import find_log, server_files, write_mark
from perfkit.queries.log_reader import LogReader
from perfkit.queries.log_settings import (
    LogClock,
    LogSettings,
    notes_on,
    read_clock,
    read_settings,
    require_durations,
)
from perfkit.queries.log_tail import Tail
from perfkit.queries.source import Captured
from perfkit.queries.tally import Tally

GIVES: Final = "each execution, with its real parameters"


@dataclass(frozen=True, slots=True)
class LogCapture:
    """A capture from the server log; `offsets` are the sizes of its files at the beginning.

    `folder` is the log's folder on this machine, None when only the server can read it.
    """

    dsn: str = field(repr=False)
    slower_than_ms: float
    settings: LogSettings
    clock: LogClock
    folder: Path | None
    offsets: dict[str, int]

    def collect(self, phases: Sequence[PhaseMark] = ()) -> Captured:
        """See `perfkit.queries.source.Capture`."""
        settings = self.settings
        tally = Tally(phases)
        reader = LogReader(tally, self.slower_than_ms, settings.database, self.clock, settings.parameter_limit)
        notes = notes_on(self.settings, self.slower_than_ms)
        with _say_why("the server log could not be read to its end"):
            is_whole = (
                self._read_through_server(reader) if self.folder is None else self._read_here(reader, self.folder)
            )
        if not is_whole:
            notes.append("the database did not say when the capture ended: its log was read as far as it goes")
        queries = tally.queries()
        return Captured(queries, reader.missed.lines, (*notes, *reader.notes()), "log", tally.method)

    def close(self) -> None:
        """Nothing goes on meanwhile: the server writes its log by itself."""

    def _read_through_server(self, reader: LogReader) -> bool:
        with connect(self.dsn) as connection:
            tail = Tail(server_files(connection, self.settings), self.settings.suffix, {**self.offsets})
            reader.read(self.settings.entries(tail.blocks(write_mark(connection)), reader.missed))
        return tail.has_seen_mark

    def _read_here(self, reader: LogReader, folder: Path) -> bool:
        tail = Tail(LocalFiles(folder), self.settings.suffix, {**self.offsets})
        reader.read(self.settings.entries(tail.blocks(self._mark_of_the_end()), reader.missed))
        return tail.has_seen_mark

    def _mark_of_the_end(self) -> str | None:
        try:
            with connect(self.dsn) as connection:
                return write_mark(connection)
        except (DatabaseError, psycopg.Error):  # it may be gone; what it has logged is here
            return None


def open_capture(dsn: str, slower_than_ms: float, log_folder: Path | None = None) -> LogCapture:
    """See `perfkit.queries.source.Source`."""
    with _say_why("the server log cannot be captured"), connect(dsn) as connection:
        settings = read_settings(connection)
        require_durations(settings, slower_than_ms)
        clock = read_clock(connection)
        files, offsets = find_log(connection, settings, log_folder)
    folder = files.folder if isinstance(files, LocalFiles) else None
    return LogCapture(dsn, slower_than_ms, settings, clock, folder, offsets)


@contextmanager
def _say_why(what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseError(f"{what}: {reason_of(error)}", hint="check that the database is still up") from error
    except OSError as error:
        raise DatabaseError(f"{what}: {error.strerror}", hint="check the permissions of the log folder") from error
