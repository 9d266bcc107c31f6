"""What is still to be built on the real database, and what undoes it. Reads the catalogue; builds nothing.

CREATE INDEX CONCURRENTLY does not know partitioned tables. There the index is made ON ONLY the table, where it is
INVALID and costs nothing; then CONCURRENTLY on each partition, and attached; with the last one it becomes valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString, NamedTuple

import psycopg

from perfkit.database import connect
from perfkit.errors import DatabaseError
from perfkit.explain.advise.advice import Advice
from perfkit.explain.advise.index import Index, TableName, create, name_of

_STATE: Final = """/* perfkit */
SELECT i.indisvalid, EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s
"""
_TAKEN: Final = """/* perfkit */
SELECT c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND c.relkind NOT IN ('i', 'I')
"""
_PARTS: Final[LiteralString] = """/* perfkit */
SELECT n.nspname, c.relname, pn.nspname, pc.relname, t.isleaf
FROM pg_partition_tree(format('%%I.%%I', %s::text, %s::text)::regclass) t
JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class pc ON pc.oid = t.parentrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
WHERE t.level > 0 ORDER BY t.level, n.nspname, c.relname
"""

Link = psycopg.Connection[tuple[Any, ...]]


class Part(NamedTuple):
    """A partition, and the partitioned table that it is directly of. Not a leaf: it has partitions itself."""

    name: TableName
    above: TableName
    is_leaf: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, and the index that it is of. `undo` is empty where another step's takes it away too.

    `is_leftover`: an invalid one of that name goes first. `analyzed` is the table whose statistics are renewed, as
    those of an expression are made by nothing else.
    """

    name: TableName
    sql: str
    undo: str = ""
    is_leftover: bool = False
    analyzed: TableName | None = None


def steps(dsn: str, advice: Sequence[Advice]) -> list[Step]:
    """What is still to be built: what is there and valid is left out, so that a second time does nothing.

    Raises:
        DatabaseError: nobody answers, the server is a replica, or something else has the name.
    """
    with closing(connect(dsn)) as link:
        _require_primary(link)
        return [step for one in advice for step in _of(link, one.index, one.name)]


def script(link: Link, index: Index, name: str) -> tuple[str, ...]:
    """The statements that build it where nothing of it is there."""
    return tuple(step.sql for step in _all(index, name, _parts(link, index.table)))


def _require_primary(link: Link) -> None:
    (is_replica,) = link.execute("/* perfkit */ SELECT pg_is_in_recovery()").fetchone() or (False,)
    if is_replica:
        raise DatabaseError("this server is a replica: nothing can be built here", hint="name the primary")


def _parts(link: Link, table: TableName) -> list[Part]:
    rows = link.execute(_PARTS, table).fetchall()
    return [Part(TableName(*row[:2]), TableName(*row[2:4]), row[4]) for row in rows]


def _of(link: Link, index: Index, name: str) -> Iterator[Step]:
    parts = _parts(link, index.table)
    whole = link.execute(_STATE, (index.table.schema, name)).fetchone()
    if whole is not None and whole[0]:
        return
    for step in _all(index, name, parts):
        if link.execute(_TAKEN, step.name).fetchone():
            raise DatabaseError(f"{step.name} is something else than an index", hint="rename it, or build by hand")
        is_valid, is_attached = link.execute(_STATE, step.name).fetchone() or (None, False)
        if step.sql.startswith("ALTER"):
            if not is_attached:
                yield step
        elif is_valid is None or (not is_valid and "CONCURRENTLY" in step.sql):
            yield replace(step, is_leftover=is_valid is not None)


def _all(index: Index, name: str, parts: Sequence[Part]) -> Iterator[Step]:
    """From nothing: the whole first, so that the script that undoes it begins with what takes the most away."""
    whole = TableName(index.table.schema, name)
    analyzed = index.table if index.has_expression else None
    if not parts:
        sql = create(index, name, concurrently=True)
        yield Step(whole, sql, f"DROP INDEX CONCURRENTLY IF EXISTS {whole};", analyzed=analyzed)
        return
    yield Step(whole, create(index, name, only=True), f"DROP INDEX IF EXISTS {whole};")
    names = {index.table: whole} | {one.name: _name_on(index, one) for one in parts}
    for one in parts:
        part = replace(index, table=one.name)
        how = f"CONCURRENTLY IF EXISTS {names[one.name]}" if one.is_leaf else f"IF EXISTS {names[one.name]}"
        sql = create(part, names[one.name].name, concurrently=one.is_leaf, only=not one.is_leaf)
        yield Step(names[one.name], sql, f"DROP INDEX {how};", analyzed=one.name if analyzed and one.is_leaf else None)
    for one in reversed(parts):  # those furthest down first: what they are attached to becomes valid
        yield Step(names[one.name], f"ALTER INDEX {names[one.above]} ATTACH PARTITION {names[one.name]}")


def _name_on(index: Index, part: Part) -> TableName:
    return TableName(part.name.schema, name_of(replace(index, table=part.name)))
