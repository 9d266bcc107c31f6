"""Where indexes may be built to be tried: a copy of the database, or one that the user called disposable.

Knows how an index gets there so that the planner can use it, and how it is taken away again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from perfkit.errors import DatabaseError
from perfkit.explain.advise.advice import BuildOn
from perfkit.explain.advise.index import Index, TableName, create
from perfkit.explain.advise.places.copies import Wanted, copied
from perfkit.explain.advise.session import Meter, Session
from perfkit.explain.runner import Limits

TRIED_PREFIX: Final = "perfkit_try_"
SCRATCH: Final = "perfkit_scratch"

_POLL_S: Final = 0.1

_LEFT_INDEXES: Final = """/* perfkit */
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('i', 'I') AND starts_with(c.relname, $1)
"""
# The planner leaves an index out while `indcheckxmin` is set and a transaction older than the index is still writing.
_STATE: Final = """/* perfkit */
WITH RECURSIVE tree(oid) AS (
    SELECT $1::regclass::oid UNION ALL SELECT h.inhrelid FROM tree JOIN pg_inherits h ON h.inhparent = tree.oid
)
SELECT bool_and(i.indisvalid),
       bool_or(i.indcheckxmin AND i.xmin::text::bigint
               >= (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::bigint),
       sum(pg_relation_size(i.indexrelid))::bigint, array_agg(c.relname::text),
       EXISTS (SELECT 1 FROM pg_index o
               WHERE o.indrelid = $2::regclass AND o.indexrelid <> $1::regclass AND o.indisvalid
                 AND regexp_replace(pg_get_indexdef(o.indexrelid), '^.*? ON ', '')
                   = regexp_replace(pg_get_indexdef($1::regclass), '^.*? ON ', ''))
FROM tree JOIN pg_index i ON i.indexrelid = tree.oid JOIN pg_class c ON c.oid = i.indexrelid
"""


_IS_PARTITIONED: Final = "/* perfkit */ SELECT relkind = 'p' FROM pg_class WHERE oid = $1::regclass"
_PARTS_WITH: Final = """/* perfkit */
SELECT count(DISTINCT o.indrelid) FROM pg_partition_tree($2::regclass) t JOIN pg_index o ON o.indrelid = t.relid
WHERE o.indexrelid <> $1::regclass AND regexp_replace(pg_get_indexdef(o.indexrelid), '^.*? USING ', '')
    = regexp_replace(pg_get_indexdef($1::regclass), '^.*? USING ', '')
"""


@dataclass(frozen=True, slots=True)
class Built:
    """A candidate that is there, under a name of its own. `names` are those that plans may call it, by partition."""

    index: Index
    name: TableName
    names: frozenset[str]
    bytes: int
    build_s: float

    @property
    def drop(self) -> str:
        return f"DROP INDEX {self.name}"


class NotBuilt(Exception):  # noqa: N818 — an answer: this candidate cannot be had
    """The server does not build it, or would not use it; the text says why."""


@contextmanager
def opened(dsn: str, how: BuildOn, wanted: Wanted, meter: Meter, limits: Limits) -> Iterator[Session]:
    """A session where indexes may be built, for the block; what was built is gone after it. `wanted` is of a copy.

    Raises:
        DatabaseError: a copy cannot be made.
    """
    with copied(dsn, wanted, meter, limits) if how == "copy" else _as_it_is(dsn) as address:
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
        _require_none_of_its_parts_has_it(session, index, name)
        session.do(create(index, name.name))
    except DatabaseError as error:
        raise NotBuilt(f"the server does not build it: {error.message}") from error
    took_s = time.perf_counter() - began
    names, size = _checked(session, index, name, sleep, patience_s)
    if index.has_expression:  # without it the planner guesses what the expression's values are
        session.do(f"ANALYZE {index.table}")
    return Built(index, name, names, size, took_s)


def _require_none_of_its_parts_has_it(session: Session, index: Index, name: TableName) -> None:
    """The new index would take a partition's own for its part, and take that along when it is dropped."""
    if not session.rows(_IS_PARTITIONED, str(index.table))[0][0]:
        return
    session.do(create(index, name.name, only=True))
    count = session.rows(_PARTS_WITH, str(name), str(index.table))[0][0]
    session.do(f"DROP INDEX {name}")
    if count:
        raise NotBuilt(f"{count} of its partitions have an index like this already; the others may lack it")


def _tried_name(index: Index) -> str:
    return TRIED_PREFIX + hashlib.blake2b(str((index.table, str(index))).encode(), digest_size=8).hexdigest()


def _checked(
    session: Session, index: Index, name: TableName, sleep: Callable[[float], None], patience_s: float
) -> tuple[frozenset[str], int]:
    """The index's names and size, once the planner can use it."""
    deadline = time.monotonic() + patience_s
    is_vacuumed = False
    while True:
        is_valid, is_hidden, size, names, is_double = session.rows(_STATE, str(name), str(index.table))[0]
        if is_double or not is_valid:
            session.do(f"DROP INDEX {name}")
            raise NotBuilt("an index like this exists already" if is_valid else "the server leaves it invalid")
        if not is_hidden:
            return frozenset(names), int(size)
        if not is_vacuumed:  # prunes the row versions that the flag is there for, and builds without them
            session.do(f"VACUUM {index.table}", f"REINDEX INDEX {name}")
            is_vacuumed = True
        elif time.monotonic() > deadline:
            with suppress(DatabaseError):  # whoever holds it up may hold the table too; it goes at the end
                session.do(f"DROP INDEX {name}")
            raise NotBuilt("the planner may not use it yet: a transaction older than the index is still open")
        else:
            sleep(_POLL_S)
