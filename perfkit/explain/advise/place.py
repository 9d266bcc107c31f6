"""Where indexes may be built to be tried: a copy of the database, or one that the user called disposable.

Knows how a copy is made and taken away again, and how an index gets there so that the planner can use it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.errors import DatabaseError
from perfkit.explain.advise.advice import BuildOn
from perfkit.explain.advise.index import Index, TableName, create, quoted
from perfkit.explain.advise.session import Meter, Session
from perfkit.explain.runner import Limits

COPY_PREFIX: Final = "perfkit_copy_"
TRIED_PREFIX: Final = "perfkit_try_"
SCRATCH: Final = "perfkit_scratch"

_RIGHTS: Final = "the role needs CREATEDB and must own the database; or restore a backup and say --build-on here"
_POLL_S: Final = 0.1

_OTHERS: Final = """/* perfkit */
SELECT count(*), coalesce(string_agg(DISTINCT coalesce(nullif(application_name, ''), '?'), ', '), '')
FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend' AND application_name <> 'perfkit'
"""
_DATABASE: Final = "/* perfkit */ SELECT current_database()"
_LEFT_COPIES: Final = "/* perfkit */ SELECT datname FROM pg_database WHERE starts_with(datname, $1)"
_LEFT_INDEXES: Final = """/* perfkit */
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'i' AND starts_with(c.relname, $1)
"""
# The planner leaves an index out while `indcheckxmin` is set and a transaction older than the index is still writing.
_STATE: Final = """/* perfkit */
SELECT i.indisvalid, i.indcheckxmin,
       i.xmin::text::bigint < (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::bigint,
       pg_relation_size(i.indexrelid)::bigint, regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? ON ', ''),
       ARRAY(SELECT regexp_replace(pg_get_indexdef(o.indexrelid), '^.*? ON ', '') FROM pg_index o
             WHERE o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid AND o.indisvalid)
FROM pg_index i WHERE i.indexrelid = $1::regclass
"""


@dataclass(frozen=True, slots=True)
class Built:
    """A candidate that is there, under a name of its own."""

    index: Index
    name: TableName
    bytes: int
    build_s: float

    @property
    def drop(self) -> str:
        return f"DROP INDEX {self.name}"


class NotBuilt(Exception):  # noqa: N818 — an answer: this candidate cannot be had
    """The server does not build it, or would not use it; the text says why."""


@contextmanager
def opened(dsn: str, how: BuildOn, meter: Meter, limits: Limits) -> Iterator[Session]:
    """A session where indexes may be built, for the block; what was built is gone after it.

    Raises:
        DatabaseError: a copy cannot be made.
    """
    with _copied(dsn, meter, limits) if how == "copy" else _as_it_is(dsn) as address:
        session = Session(address, meter, limits, is_ours=True)
        try:
            _clean(session)
            yield session
        finally:
            if how == "here":
                _clean(session)
            session.close()


@contextmanager
def _as_it_is(dsn: str) -> Iterator[str]:
    yield dsn


@contextmanager
def _copied(dsn: str, meter: Meter, limits: Limits) -> Iterator[str]:
    """A copy of the database on the same server. It needs the right to create one, and nobody else connected."""
    name = COPY_PREFIX + secrets.token_hex(4)
    source = str(conninfo_to_dict(dsn).get("dbname") or "") or _name_of(dsn, meter, limits)
    other = "postgres" if source != "postgres" else "template1"
    session = Session(make_conninfo(dsn, dbname=other), meter, limits)
    try:
        _require_nobody_else(session, source)
        try:
            session.do(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(source)}")
        except DatabaseError as error:
            raise DatabaseError(f"the database {source} cannot be copied: {error.message}", hint=_RIGHTS) from error
        yield make_conninfo(dsn, dbname=name)
    finally:
        with suppress(DatabaseError):
            session.do(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        session.close()


def _name_of(dsn: str, meter: Meter, limits: Limits) -> str:
    """What libpq chooses where the address names no database."""
    session = Session(dsn, meter, limits)
    try:
        return str(session.rows(_DATABASE)[0][0])
    finally:
        session.close()


def _require_nobody_else(session: Session, source: str) -> None:
    """The server would wait five seconds for them, and then not say who they are."""
    count, who = session.rows(_OTHERS, source)[0]
    if count:
        raise DatabaseError(
            f"the database {source} cannot be copied while others are connected to it: {count} sessions ({who})",
            hint="stop them for the moment that the copy takes, or restore a backup and say --build-on here",
        )


def left_copies(session: Session) -> list[str]:
    """Copies that a killed perfkit left behind on this server."""
    return [row[0] for row in session.rows(_LEFT_COPIES, COPY_PREFIX)]


def _clean(session: Session) -> None:
    """Take away what was built to be tried, also by a perfkit that was killed."""
    names = [TableName(*row) for row in session.rows(_LEFT_INDEXES, TRIED_PREFIX)]
    try:
        session.do(*(f"DROP INDEX IF EXISTS {name}" for name in names), f"DROP SCHEMA IF EXISTS {SCRATCH} CASCADE")
    except DatabaseError as error:
        left = ", ".join(map(str, names)) or f"the schema {SCRATCH}"
        raise DatabaseError(
            f"what was built to be tried cannot be dropped: {error.message}", hint=f"drop {left}"
        ) from error


def build(
    session: Session, index: Index, *, sleep: Callable[[float], None] = time.sleep, patience_s: float = 5.0
) -> Built:
    """Build a candidate and see that the planner can use it; wait `patience_s` for that at most.

    Raises:
        NotBuilt: the server refuses it, it is there already under another name, or the planner would leave it out.
    """
    name = TableName(index.table.schema, _tried_name(index))
    began = time.perf_counter()
    try:
        session.do(create(index, name.name))
    except DatabaseError as error:
        raise NotBuilt(f"the server does not build it: {error.message}") from error
    took_s = time.perf_counter() - began
    size = _checked(session, index, name, sleep, patience_s)
    if index.has_expression:  # without it the planner guesses what the expression's values are
        session.do(f"ANALYZE {index.table}")
    return Built(index, name, size, took_s)


def _tried_name(index: Index) -> str:
    return TRIED_PREFIX + hashlib.blake2b(str((index.table, str(index))).encode(), digest_size=8).hexdigest()


def _checked(session: Session, index: Index, name: TableName, sleep: Callable[[float], None], patience_s: float) -> int:
    """The index's size, once the planner can use it."""
    deadline = time.monotonic() + patience_s
    is_vacuumed = False
    while True:
        is_valid, is_checked, is_old, size, text, others = session.rows(_STATE, str(name))[0]
        if text in others or not is_valid:
            session.do(f"DROP INDEX {name}")
            raise NotBuilt("an index like this exists already" if is_valid else "the server leaves it invalid")
        if not is_checked or is_old:
            return int(size)
        if not is_vacuumed:  # prunes the row versions that the flag is there for, and builds without them
            session.do(f"VACUUM {index.table}", f"REINDEX INDEX {name}")
            is_vacuumed = True
        elif time.monotonic() > deadline:
            with suppress(DatabaseError):  # whoever holds it up may hold the table too; it goes at the end
                session.do(f"DROP INDEX {name}")
            raise NotBuilt("the planner may not use it yet: a transaction older than the index is still open")
        else:
            sleep(_POLL_S)
