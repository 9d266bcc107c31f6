"""Slow queries from pg_stat_statements: what its counters grew by, second by second. Means, rows and blocks; no values.

Readings are taken in a thread, so that what was executed can be given to phases.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from perfkit.database import TAG, connect, reason_of
from perfkit.errors import DatabaseError
from perfkit.model import CapturedQuery, ParameterSet, PhaseMark
from perfkit.queries.methods import Fingerprinter, choose
from perfkit.queries.source import Captured
from perfkit.queries.statement_counters import (
    Counted,
    Growth,
    Key,
    Reading,
    Stretch,
    View,
    delta,
    doubts,
    find_view,
    merged,
    read,
)
from perfkit.queries.tags import tags_of
from perfkit.queries.tally import MAX_FINGERPRINTS
from perfkit.sqltext import highest_parameter

GIVES: Final = "calls, mean times, rows and blocks of each statement, without parameters"
PERIOD_S: Final = 1.0
_REST_FACTOR: Final = 20.0  # readings take at most a twentieth of one connection

_TEXTS: Final = """/* perfkit */
SELECT s.queryid::text, s.userid::text, s.query, pg_get_userbyid(s.userid)::text
FROM {place}.pg_stat_statements s
JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
WHERE s.queryid = ANY(%s::bigint[])
"""
# The server leaves out the comment that a statement begins with, so perfkit's own are known by what they ask.
_OWN: Final = re.compile(r"\bpg_(?:stat_statements|stat_activity|settings|ls_logdir|read_binary_file|backend_pid)")
_HIDDEN: Final = "<insufficient privilege>"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class StatementsCapture:
    """A capture from pg_stat_statements. A thread of its own reads once a second."""

    dsn: str = field(repr=False)
    slower_than_ms: float
    view: View
    first: Reading
    last: Reading
    growth: Growth = field(default_factory=Growth)
    notes: list[str] = field(default_factory=list)
    readings: int = 1
    took_s: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._read_on, name="perfkit-statements", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10.0)

    def _read_on(self) -> None:
        try:
            with connect(self.dsn) as connection:
                while not self._stop.wait(max(PERIOD_S, _REST_FACTOR * self.took_s / self.readings)):
                    self._read_once(connection)
        except (DatabaseError, psycopg.Error):
            self.notes.append("pg_stat_statements could not be read all the time, so calls may be in a wrong phase")

    def _read_once(self, connection: Connection) -> None:
        began = time.perf_counter()
        with self._lock:
            reading = read(connection, self.view)
            self.growth.add(self.last.at, reading.at, delta(self.last, reading))
            self.last = reading
            self.readings += 1
            self.took_s += time.perf_counter() - began

    def collect(self, phases: Sequence[PhaseMark] = ()) -> Captured:
        """See `perfkit.queries.source.Capture`. The capture ends with the first call."""
        try:
            with connect(self.dsn) as connection:
                if not self._stop.is_set():
                    self.close()
                    self._read_once(connection)
                per_phase = _by_phase(self.growth.all(), phases)
                return self._captured(per_phase, connection)
        except psycopg.Error as error:
            raise DatabaseError(
                f"pg_stat_statements cannot be read: {reason_of(error)}", hint="check that the database is still up"
            ) from error

    def _captured(self, per_phase: dict[str, dict[Key, Counted]], connection: Connection) -> Captured:
        fingerprinter = Fingerprinter(choose())
        total = merged([(0.0, 0.0, {}), *((0.0, 0.0, grown) for grown in per_phase.values())])[2]
        slow = {key: one for key, one in total.items() if one.total_ms / one.calls >= self.slower_than_ms}
        texts = self._texts(connection, slow)
        shapes: dict[str, list[Key]] = {}
        hidden = 0
        for key, one in slow.items():
            text, _ = texts.get(key[:2], (_HIDDEN, ""))
            if text == _HIDDEN:
                hidden += one.calls
            elif TAG not in text and not _OWN.search(text):
                shapes.setdefault(fingerprinter.of(text), []).append(key)
        queries = [
            _query(shape, {key: slow[key] for key in keys}, texts, per_phase, connection.info.dbname)
            for shape, keys in shapes.items()
        ]
        queries.sort(key=lambda query: -query.total_ms)
        notes = (*self.notes, *doubts(self.first, self.last), *self._own_notes(hidden, connection.info.user))
        return Captured(tuple(queries[:MAX_FINGERPRINTS]), 0, notes, "statements", fingerprinter.method.name)

    def _texts(self, connection: Connection, keys: Iterable[Key]) -> dict[tuple[str, str], tuple[str, str]]:
        """Text and user's name by query id and user's oid."""
        ids = sorted({query_id for query_id, _, _ in keys if query_id})
        rows = connection.execute(self.view.sql(_TEXTS), [ids]).fetchall()
        return {(query_id, user): (text or _HIDDEN, name) for query_id, user, text, name in rows}

    def _own_notes(self, hidden: int, user: str) -> Iterator[str]:
        yield (
            f"pg_stat_statements was read {self.readings:,} times at {self.took_s / self.readings * 1e3:.1f} ms each;"
            " it tells means, no longest time and no parameters, so a statement counts as slow where its mean is; users"
            " of one statement are added up, and at the edge of a phase calls are good to a second"
        )
        if hidden:
            yield f'{hidden:,} calls of other users were hidden; GRANT pg_read_all_stats TO "{user}" to see them'


def _by_phase(stretches: Sequence[Stretch], phases: Sequence[PhaseMark]) -> dict[str, dict[Key, Counted]]:
    """Growth by phase; without phases all of it, as "". The middle of a stretch decides."""
    if not phases:
        return {"": merged(stretches)[2]} if stretches else {}
    found: dict[str, list[Stretch]] = {}
    for stretch in stretches:
        middle = (stretch[0] + stretch[1]) / 2
        for phase in phases:
            if not phase.is_warmup_only and phase.measured_at <= middle < phase.ended_at:
                found.setdefault(phase.name, []).append(stretch)
    return {name: merged(inside)[2] for name, inside in found.items()}


def _query(
    fingerprint: str,
    counted: dict[Key, Counted],
    texts: dict[tuple[str, str], tuple[str, str]],
    per_phase: dict[str, dict[Key, Counted]],
    database: str,
) -> CapturedQuery:
    """The text and the user are those of the entry that took most time."""
    largest = max(counted, key=lambda key: counted[key].total_ms)
    text, user = texts[largest[:2]]
    total = merged([(0.0, 0.0, {largest: one}) for one in counted.values()])[2][largest]
    calls = {
        phase: sum(grown[key].calls for key in counted if key in grown) for phase, grown in per_phase.items() if phase
    }
    phase_ms = {
        phase: sum(grown[key].total_ms for key in counted if key in grown) for phase, grown in per_phase.items()
    }
    mean_ms = total.total_ms / total.calls
    users: Counter[str] = Counter()
    for key, one in counted.items():
        users[texts[key[:2]][1]] += one.calls
    return CapturedQuery(
        fingerprint=fingerprint,
        statement=text,
        calls=total.calls,
        total_ms=total.total_ms,
        mean_ms=mean_ms,
        max_ms=None,
        parameter_sets=() if highest_parameter(text) else (ParameterSet((), mean_ms),),
        phases={phase: count for phase, count in calls.items() if count},
        phase_ms={phase: phase_ms[phase] for phase, count in calls.items() if count},
        query_id=largest[0],
        database=database,
        user=user,
        tags={key: {value: total.calls} for key, value in tags_of(text)},
        rows=total.rows,
        blocks=total.blocks,
        users=dict(users.most_common()),
    )


def open_capture(dsn: str, slower_than_ms: float, log_folder: Path | None = None) -> StatementsCapture:
    """See `perfkit.queries.source.Source`."""
    try:
        with connect(dsn) as connection:
            view = find_view(connection)
            first = read(connection, view)
    except psycopg.Error as error:
        raise DatabaseError(
            f"pg_stat_statements cannot be read: {reason_of(error)}",
            hint="CREATE EXTENSION pg_stat_statements; as a superuser: GRANT pg_read_all_stats to this user",
        ) from error
    capture = StatementsCapture(dsn, slower_than_ms, view, first, first)
    capture.start()
    return capture
