"""The counters of pg_stat_statements: readings, and what came between two. Knows the view of PostgreSQL 12 to 18.

An entry that was evicted, or a reset, makes the difference of two readings wrong: both are looked for and said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import psycopg

from perfkit.errors import DatabaseError

_MAX_STRETCHES: Final = 600

_PLACE: Final = """/* perfkit */
SELECT quote_ident(n.nspname), e.extversion FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
"""
_COLUMNS: Final = """/* perfkit */
SELECT attname::text FROM pg_attribute
WHERE attrelid = (SELECT (%s || '.pg_stat_statements')::regclass) AND attnum > 0 AND NOT attisdropped
"""
_READ: Final = """/* perfkit */
SELECT coalesce(s.queryid::text, ''), s.userid::text, {toplevel},
       s.calls, s.{total}, s.rows, s.shared_blks_hit + s.shared_blks_read
FROM {place}.pg_stat_statements(false) s
JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
WHERE s.calls > 0
"""
_INFO: Final = "/* perfkit */ SELECT dealloc, stats_reset::text FROM {place}.pg_stat_statements_info"
_SHARED: Final = """/* perfkit */
SELECT pg_is_in_recovery(), (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries')
"""

Connection = psycopg.Connection[tuple[Any, ...]]
Key = tuple[str, str, bool]
"""Query id ("": another user's, which is hidden), user's oid, whether it is no statement inside a function."""


class Counted(NamedTuple):
    """What the server counted for one statement; of two readings, the difference."""

    calls: int
    total_ms: float
    rows: int
    blocks: int

    def less(self, other: Counted) -> Counted:
        return Counted(*(now - before for now, before in zip(self, other, strict=True)))  # type: ignore[arg-type]

    def plus(self, other: Counted) -> Counted:
        return Counted(*(one + more for one, more in zip(self, other, strict=True)))  # type: ignore[arg-type]


Stretch = tuple[float, float, dict[Key, "Counted"]]
"""From when, until when (unix seconds), and what was counted in between."""


@dataclass(frozen=True, slots=True)
class View:
    """Where pg_stat_statements is in this database, and what its columns are called in this version."""

    place: str
    columns: frozenset[str]

    def sql(self, text: str) -> bytes:
        return text.format(
            place=self.place,
            total="total_exec_time" if "total_exec_time" in self.columns else "total_time",  # before 13
            toplevel="s.toplevel" if "toplevel" in self.columns else "true",  # from 14 on
        ).encode()


@dataclass(frozen=True, slots=True)
class Reading:
    """All counters at one time (unix seconds of this machine); `info` is (evictions, last reset) from 14 on."""

    at: float
    counters: dict[Key, Counted]
    info: tuple[int, str] | None


def find_view(connection: Connection) -> View:
    """
    Raises:
        DatabaseError: the extension is not loaded, not created in this database, or not for this user.
    """
    row = connection.execute(_SHARED).fetchone()
    in_recovery, libraries = (bool(row[0]), row[1]) if row else (False, None)
    if libraries is not None and "pg_stat_statements" not in libraries:
        kept = ", ".join(name for name in (libraries.strip(), "pg_stat_statements") if name)
        raise DatabaseError(
            "pg_stat_statements is not loaded by the server",
            hint=f"ALTER SYSTEM SET shared_preload_libraries = '{kept}'; then restart the server",
        )
    found = connection.execute(_PLACE).fetchone()
    if found is None:
        where = " (on the primary: this server is in recovery)" if in_recovery else ""
        raise DatabaseError(
            "the extension pg_stat_statements is not in this database",
            hint=f"CREATE EXTENSION pg_stat_statements;{where}",
        )
    columns = connection.execute(_COLUMNS, [found[0]]).fetchall()
    return View(str(found[0]), frozenset(str(name) for (name,) in columns))


def read(connection: Connection, view: View, clock: Callable[[], float] = time.time) -> Reading:
    """
    Raises:
        psycopg.Error: the server refuses.
    """
    at = clock()
    counters: dict[Key, Counted] = {}
    for query_id, user, is_toplevel, *numbers in connection.execute(view.sql(_READ)):
        key = (str(query_id), str(user), bool(is_toplevel))
        counters[key] = counters.get(key, Counted(0, 0.0, 0, 0)).plus(Counted(*numbers))
    return Reading(at, counters, _info(connection, view))


def _info(connection: Connection, view: View) -> tuple[int, str] | None:
    if "toplevel" not in view.columns:  # came with pg_stat_statements_info, in 14
        return None
    row = connection.execute(view.sql(_INFO)).fetchone()
    return (int(row[0]), str(row[1])) if row else None


def delta(before: Reading, after: Reading) -> dict[Key, Counted]:
    """What was executed between two readings. A counter that fell begins anew: it was evicted or reset meanwhile."""
    found = {}
    for key, now in after.counters.items():
        then = before.counters.get(key)
        grown = now if then is None or now.calls < then.calls else now.less(then)
        if grown.calls > 0:
            found[key] = grown
    return found


def doubts(before: Reading, after: Reading) -> Iterator[str]:
    """Why the difference of two readings may be wrong, one sentence each."""
    if before.info is None or after.info is None:
        return
    if evicted := after.info[0] - before.info[0]:
        yield (
            f"pg_stat_statements evicted entries {evicted:,} times in the run, so statements may be missing or counted"
            " too low: raise pg_stat_statements.max (needs a restart)"
        )
    if before.info[1] != after.info[1]:
        yield "pg_stat_statements was reset in the run: what was executed before that is not counted"


@dataclass(slots=True)
class Growth:
    """What came in each stretch of time, in bounded memory: when there are too many, two become one."""

    stretches: list[Stretch] = field(default_factory=list)
    every: int = 1
    _pending: list[Stretch] = field(default_factory=list)

    def add(self, start: float, end: float, grown: dict[Key, Counted]) -> None:
        self._pending.append((start, end, grown))
        if len(self._pending) >= self.every:
            self.stretches.append(merged(self._pending))
            self._pending = []
        if len(self.stretches) >= _MAX_STRETCHES:
            pairs = zip(self.stretches[::2], self.stretches[1::2], strict=True)
            self.stretches = [merged(pair) for pair in pairs]
            self.every *= 2

    def all(self) -> list[Stretch]:
        return [*self.stretches, *self._pending]


def merged(stretches: Sequence[Stretch]) -> Stretch:
    """One stretch for several (at least one)."""
    total: dict[Key, Counted] = {}
    for _, _, grown in stretches:
        for key, one in grown.items():
            total[key] = total[key].plus(one) if key in total else one
    return stretches[0][0], stretches[-1][1], total
