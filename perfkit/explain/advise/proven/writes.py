"""What one more index costs those who write: WAL, time, and the UPDATEs that could stay in their page.

Measured on a scratch table like the real one, with all its indexes and some of its rows, in a place that is ours. It
has no triggers and no foreign keys, so nothing but the write happens; every write is rolled back.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import psycopg

from perfkit.errors import DatabaseError
from perfkit.explain.advise.advice import WriteCost
from perfkit.explain.advise.book import Table
from perfkit.explain.advise.index import Index, TableName, create, quoted
from perfkit.explain.advise.places.place import SCRATCH
from perfkit.explain.advise.session import Session

PREFILLED: Final = 5_000
ROWS: Final = 500
PAIRS: Final = 3

_HEAD: Final = re.compile(r"^CREATE (UNIQUE )?INDEX .*? USING ")
_TABLE: Final = TableName(SCRATCH, "rows")
_PLAIN: Final = TableName(SCRATCH, "plain")
_RUN: Final = "/* perfkit */ EXPLAIN (ANALYZE, WAL, TIMING OFF, SUMMARY ON, FORMAT JSON) "
_HOT: Final = """/* perfkit */
SELECT pg_stat_get_xact_tuples_hot_updated($1::regclass)::float8, pg_stat_get_xact_tuples_updated($1::regclass)::float8
"""


def measure(session: Session, index: Index, table: Table, updated: frozenset[str]) -> WriteCost | None:
    """The cost of `index` for a row written to its table. `updated` are columns that UPDATEs of the workload set.

    None where the table cannot be imitated, or has no rows to write.
    """
    concerned = updated & {*index.columns, *index.include}
    try:
        with _scratch(session, table) as scratch:
            if scratch is None:
                return None
            session.do(create(replace(index, table=scratch), "one_more"))
            drop = f"DROP INDEX {TableName(SCRATCH, 'one_more')}"
            insert = f"INSERT INTO {scratch} SELECT * FROM {_PLAIN}"  # noqa: S608 — names are quoted
            readings = [(_written(session, insert, drop), _written(session, insert)) for _ in range(PAIRS)]
            hot = _hot(session, scratch, sorted(concerned), drop) if concerned else None
    except DatabaseError:
        return None
    wal, ms = (statistics.median(after[place] - before[place] for before, after in readings) for place in (0, 1))
    return WriteCost(max(0.0, wal / ROWS), max(0.0, ms / ROWS), hot)


@contextmanager
def _scratch(session: Session, table: Table) -> Iterator[TableName | None]:
    """A table like the real one, with its indexes, partly filled; beside it rows that may be written to it."""
    like = f"(LIKE {table.name} INCLUDING STORAGE INCLUDING COMPRESSION)"
    try:
        session.do(
            f"DROP SCHEMA IF EXISTS {SCRATCH} CASCADE",
            f"CREATE SCHEMA {SCRATCH}",
            f"CREATE TABLE {_TABLE} {like} WITH (fillfactor = 70, autovacuum_enabled = off)",
            f"CREATE TABLE {_PLAIN} (LIKE {table.name})",
        )
        rows = f"SELECT * FROM {table.name} ORDER BY ctid DESC"  # noqa: S608 — names are quoted
        session.do(
            f"INSERT INTO {_PLAIN} {rows} LIMIT {ROWS}",
            f"INSERT INTO {_TABLE} {rows} OFFSET {ROWS} LIMIT {PREFILLED}",
            *(_HEAD.sub(rf"CREATE \1INDEX ON {_TABLE} USING ", held.definition) for held in table.indexes),
        )
        yield _TABLE if session.rows("/* perfkit */ SELECT 1 FROM perfkit_scratch.plain LIMIT 1") else None
    finally:
        session.do(f"DROP SCHEMA IF EXISTS {SCRATCH} CASCADE")


def _written(session: Session, statement: str, *before: str) -> tuple[float, float]:
    """(bytes of WAL, ms) of a statement in a transaction that is rolled back."""
    with _undone(session, *before) as cursor:
        document: Any = cursor.execute((_RUN + statement).encode()).fetchone()
    plan = document[0][0]["Plan"]
    return float(plan.get("WAL Bytes", 0)), float(document[0][0]["Execution Time"])


def _hot(session: Session, table: TableName, columns: Sequence[str], drop: str) -> tuple[float, float] | None:
    """The share of UPDATEs of these columns that stay in their page, without and with the index."""
    changes = ", ".join(f"{quoted(name)} = o.{quoted(name)}" for name in columns)
    differ = " OR ".join(f"t.{quoted(name)} IS DISTINCT FROM o.{quoted(name)}" for name in columns)
    share = 100 * ROWS / PREFILLED  # spread out, so that pages have room for a second version
    statement = (
        f"WITH picked AS (SELECT ctid AS place FROM {table} TABLESAMPLE BERNOULLI ({share}) REPEATABLE (0)) "  # noqa: S608 — names are quoted
        f"UPDATE {table} t SET {changes} FROM picked, LATERAL (SELECT * FROM {_PLAIN} p WHERE TRUE LIMIT 1) o "
        f"WHERE t.ctid = picked.place AND ({differ})"
    )
    shares = []  # of what was updated since the last look: the counters go on over transactions
    for before in ((drop,), ()):
        try:
            with _undone(session, *before) as cursor:
                earlier = cursor.execute(_HOT, [str(table)]).fetchone() or (0.0, 0.0)
                cursor.execute(f"/* perfkit */ {statement}".encode())
                later = cursor.execute(_HOT, [str(table)]).fetchone() or earlier
        except DatabaseError:  # a column that must be unique, say
            return None
        hot, updated = (now - then for now, then in zip(later, earlier, strict=True))
        if not updated:
            return None
        shares.append(hot / updated)
    return shares[0], shares[1]


@contextmanager
def _undone(session: Session, *before: str) -> Iterator[psycopg.RawCursor[Any]]:
    """A transaction that may write and is rolled back; only in a place that is ours."""
    if not session.is_ours:
        raise AssertionError("a write was about to be tried where it must not")
    with session.meter.running():
        session.link.execute("/* perfkit */ BEGIN")
        try:
            for statement in before:
                session.link.execute(statement.encode())
            yield psycopg.RawCursor(session.link)
        except psycopg.Error as error:
            raise DatabaseError(f"the scratch table cannot be written: {error}") from error
        finally:
            session.link.rollback()
