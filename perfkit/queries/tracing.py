"""Everything that a database executes for the time of a block, to be told endpoint by endpoint afterwards.

Puts together what others know: how the server is made to log all of it, where its log is, what its counters say.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg

from perfkit.database import connect, reason_of
from perfkit.errors import DatabaseError
from perfkit.model import Trace
from perfkit.queries.attribution import Window, attribute
from perfkit.queries.counters import Counters, read_counters, work_between
from perfkit.queries.executions import TimedExecution, timed_executions
from perfkit.queries.formats import Missed
from perfkit.queries.log_everything import Logged, everything_logged
from perfkit.queries.log_files import LocalFiles
from perfkit.queries.log_place import server_files, write_mark
from perfkit.queries.log_tail import Tail
from perfkit.queries.server_log import LogCapture, open_capture

ROUND_TRIPS: Final = 21

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class Tracing:
    """A trace that goes on. `notes` are sentences about what it cannot know, and what would change that."""

    dsn: str = field(repr=False)
    capture: LogCapture
    logged: Logged
    counters: Counters | None
    round_trip_ms: float
    notes: list[str] = field(default_factory=list)

    def trace(self, phase: str, windows: list[Window]) -> Trace:
        """What was executed since the trace began, joined to these requests.

        Raises:
            DatabaseError: the log cannot be read any more.
        """
        with _say_why(), connect(self.dsn) as connection:
            work = work_between(self.counters, read_counters(connection))
            executions = self._executions(connection)
        return attribute(
            executions,
            windows,
            phase=phase,
            work=work,
            logged_from_ms=self.logged.from_ms or 0.0,
            round_trip_ms=self.round_trip_ms,
            clock_ahead_ms=self.capture.clock.ahead_s * 1e3,
        )

    def _executions(self, connection: Connection) -> list[TimedExecution]:
        capture = self.capture
        here = LocalFiles(capture.folder) if capture.folder is not None else None
        tail = Tail(here or server_files(connection, capture.settings), capture.settings.suffix, {**capture.offsets})
        entries = capture.settings.entries(tail.blocks(write_mark(connection)), Missed())
        return list(timed_executions(entries, capture.clock, capture.settings.database))


@contextmanager
def tracing(dsn: str, log_folder: Path | None = None) -> Iterator[Tracing]:
    """Log everything in the block, and be ready to tell of it.

    Raises:
        DatabaseError: the server is not reachable, or its log cannot be read; the hint is what would change that.
    """
    with everything_logged(dsn) as logged:
        capture = open_capture(dsn, 0.0, log_folder)
        with connect(dsn) as connection:
            counters, round_trip_ms = read_counters(connection), _round_trip_ms(connection)
        yield Tracing(dsn, capture, logged, counters, round_trip_ms, list(_notes(logged, counters)))


def _notes(logged: Logged, counters: Counters | None) -> Iterator[str]:
    if logged.note is not None:
        yield logged.note
    if counters is None:
        yield (
            "rows and blocks of traced statements are not known: CREATE EXTENSION pg_stat_statements (it must be in"
            " shared_preload_libraries), and GRANT pg_read_all_stats to this user"
        )


@contextmanager
def _say_why() -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, OSError) as error:
        said = reason_of(error) if isinstance(error, psycopg.Error) else error.strerror
        raise DatabaseError(f"the trace cannot be read: {said}", hint="check that the database is still up") from error


def _round_trip_ms(connection: Connection) -> float:
    """The median of a SELECT 1: the way there and back, and next to no work."""
    took = []
    for _ in range(ROUND_TRIPS):
        began = time.perf_counter()
        connection.execute("/* perfkit */ SELECT 1").fetchone()
        took.append((time.perf_counter() - began) * 1e3)
    return median(took)
