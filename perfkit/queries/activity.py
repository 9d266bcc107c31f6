"""Slow queries from pg_stat_activity, looked at again and again: an estimate, for whoever has the fewest rights.

A statement that is seen in one of ten looks a second has run for a tenth of a second, give or take a look: so times are
estimated and calls are those that were seen. Values are not known, and long statements come cut off.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psycopg

from perfkit import units
from perfkit.database import TAG, connect, reason_of
from perfkit.errors import DatabaseError
from perfkit.model import PhaseMark
from perfkit.queries.source import Captured
from perfkit.queries.tally import Context, Example, Tally
from perfkit.sqltext import highest_parameter

GIVES: Final = "an estimate of calls and times from samples, without parameters"
PERIOD_S: Final = 0.05
_REST_FACTOR: Final = 20.0  # looks take at most a twentieth of one connection
_MAX_SEEN: Final = 100_000
_HIDDEN: Final = "<insufficient privilege>"

_LOOK: Final = """/* perfkit */
SELECT pid, extract(epoch FROM query_start)::float8, query, usename::text, {query_id},
       octet_length(query) >= pg_size_bytes(current_setting('track_activity_query_size')) - 1
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (state = 'active' OR (state IS NULL AND query = '<insufficient privilege>'))
"""

Connection = psycopg.Connection[tuple[Any, ...]]
Execution = tuple[int, float]
"""A process and when its statement began: the same in every look at the same execution."""


@dataclass(slots=True)
class Seen:
    """One execution. `first_at` is in unix seconds of this machine; `ms` is the time that its looks stand for."""

    sql: str
    first_at: float
    ms: float
    context: Context
    is_cut: bool


@dataclass(slots=True)
class Looks:
    """What was seen in all looks, in bounded memory: each statement's text once, and so many executions."""

    seen: dict[Execution, Seen] = field(default_factory=dict)
    beyond: int = 0
    hidden: int = 0
    looks: int = 0
    took_s: float = 0.0
    _texts: dict[str, str] = field(default_factory=dict)

    def add(self, rows: Sequence[tuple[Any, ...]], database: str, at: float, stands_for_s: float) -> None:
        """One look at `at`, which stands for the time since the last."""
        for pid, began, text, user, query_id, is_cut in rows:
            if text == _HIDDEN:
                self.hidden += 1
                continue
            if began is None or TAG in text:
                continue
            known = self.seen.get((pid, began))
            if known is not None:
                known.ms += stands_for_s * 1e3
            elif len(self.seen) >= _MAX_SEEN:
                self.beyond += 1
            else:
                sql = self._texts.setdefault(text, text)
                context = Context(database, str(query_id) if query_id else None, user)
                self.seen[pid, began] = Seen(sql, at, stands_for_s * 1e3, context, bool(is_cut))


@dataclass(slots=True)
class ActivityCapture:
    """A capture from pg_stat_activity. A thread of its own looks at most twenty times a second."""

    dsn: str = field(repr=False)
    query_id: str
    looks: Looks = field(default_factory=Looks)
    notes: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._look_on, name="perfkit-activity", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10.0)

    def _look_on(self) -> None:
        try:
            with connect(self.dsn) as connection:
                last = time.perf_counter()
                while not self._stop.wait(self._pause_s()):
                    last = self._look(connection, last)
        except (DatabaseError, psycopg.Error):
            self.notes.append("pg_stat_activity could not be read all the time, so calls are missing")

    def _pause_s(self) -> float:
        return max(PERIOD_S, _REST_FACTOR * self.looks.took_s / max(self.looks.looks, 1))

    def _look(self, connection: Connection, last: float, clock: Callable[[], float] = time.time) -> float:
        began = time.perf_counter()
        rows = connection.execute(_LOOK.format(query_id=self.query_id).encode()).fetchall()
        now = time.perf_counter()
        self.looks.looks += 1
        self.looks.took_s += now - began
        self.looks.add(rows, connection.info.dbname, clock(), now - last)
        return now

    def collect(self, phases: Sequence[PhaseMark] = ()) -> Captured:
        """See `perfkit.queries.source.Capture`. The capture ends with the first call."""
        self.close()
        tally = Tally(phases)
        for one in self.looks.seen.values():
            values = None if one.is_cut or highest_parameter(one.sql) else ()
            # Whoever runs a statement that was cut off gets a syntax error, and not the plan of another.
            sql = f"{one.sql} /* cut here by track_activity_query_size" if one.is_cut else one.sql
            tally.add(Example(sql, values, one.ms), one.first_at, one.context)
        queries = tuple(replace(query, is_estimate=True) for query in tally.queries())
        return Captured(queries, 0, (*self.notes, *self._own_notes(tally)), "activity", tally.method)

    def _own_notes(self, tally: Tally) -> Iterator[str]:
        looks = self.looks
        mean_ms = looks.took_s / max(looks.looks, 1) * 1e3
        yield (
            f"slow SQL is an estimate from {units.count(looks.looks, 'sample')} of pg_stat_activity"
            f" ({mean_ms:.1f} ms each): calls are those that were seen, times are samples times their distance,"
            " parameters are not known"
        )
        if any(one.is_cut for one in looks.seen.values()):
            yield "some statements came cut off; raise track_activity_query_size (needs a restart) to see them whole"
        if looks.hidden:
            yield (
                f"{looks.hidden:,} times a statement of another user was hidden;"
                " GRANT pg_read_all_stats to this user to see them"
            )
        if looks.beyond:
            yield f"{units.count(looks.beyond, 'sample')} beyond the first {_MAX_SEEN:,} executions left out"
        if tally.calls_outside_phases:
            yield f"{units.count(tally.calls_outside_phases, 'execution')} outside the measured phases left out"


def open_capture(dsn: str, slower_than_ms: float, log_folder: Path | None = None) -> ActivityCapture:
    """See `perfkit.queries.source.Source`. Whatever is seen counts: what is fast is rarely seen."""
    try:
        with connect(dsn) as connection:
            query_id = "query_id::text" if connection.info.server_version >= 140000 else "NULL"
            connection.execute(_LOOK.format(query_id=query_id).encode())
    except psycopg.Error as error:
        raise DatabaseError(
            f"pg_stat_activity cannot be read: {reason_of(error)}", hint="check that the database is still up"
        ) from error
    capture = ActivityCapture(dsn, query_id)
    capture.start()
    return capture
