"""A part of a database as one moment shows it, put into an empty one: the whole schema, and the rows of some tables.

The original is read in one REPEATABLE READ READ ONLY transaction, whose snapshot pg_dump shares: nobody waits for it,
and nothing is locked beyond ACCESS SHARE. Rows come in their physical order, so the correlation that the planner
knows stays; dead rows do not come along.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from perfkit import units
from perfkit.database import reason_of
from perfkit.errors import DatabaseError
from perfkit.explain.advise.index import TableName
from perfkit.explain.advise.places.dump import Piece, Schema, schema_of
from perfkit.explain.advise.places.original import Needed
from perfkit.explain.advise.session import OutOfTime, Session

NOTE_EVERY_S: Final = 5.0

_BLOCK_BYTES: Final = 64 * 1024

_BEGIN: Final = "/* perfkit */ BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_EXPORT: Final = "/* perfkit */ SELECT pg_export_snapshot()"
# synchronize_seqscans would let a scan begin in the middle; row_security makes the server refuse what it would hide;
# a VACUUM marks no page all-visible whose rows' commit is not on the disk yet.
_SETTINGS: Final = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
    "synchronize_seqscans": "off",
    "synchronous_commit": "on",
    "row_security": "off",
    "check_function_bodies": "off",
    "xmloption": "content",
    "standard_conforming_strings": "on",
    "client_min_messages": "warning",
    "extra_float_digits": "3",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "search_path": "",
}
_SET: Final = """/* perfkit */
SELECT set_config(s.name, v.value, false) FROM unnest($1::text[], $2::text[]) v(name, value)
JOIN pg_settings s ON s.name = lower(v.name)
"""
_ENCODING: Final = "/* perfkit */ SELECT current_setting('server_encoding')"
# What a plan can depend on, by name: invalid indexes are not dumped, as no plan uses them.
_OBJECTS: Final = """/* perfkit */
SELECT n.nspname || '.' || c.relname FROM unnest($1::text[], $2::text[]) t(schema, name)
JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
UNION ALL
SELECT n.nspname || '.' || x.relname FROM unnest($1::text[], $2::text[]) t(schema, name)
JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid JOIN pg_class x ON x.oid = i.indexrelid
UNION ALL
SELECT n.nspname || '.' || e.stxname FROM unnest($1::text[], $2::text[]) t(schema, name)
JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
JOIN pg_statistic_ext e ON e.stxrelid = c.oid
"""
_NO_USE: Final = frozenset(
    {"DATABASE", "DATABASE PROPERTIES", "TRIGGER", "EVENT TRIGGER", "DEFAULT ACL", "SEQUENCE SET"}
)

Note = Callable[[str], None]


@contextmanager
def one_moment(source: Session) -> Iterator[str]:
    """A transaction that sees one moment, for the block; gives the name under which pg_dump can see the same."""
    _set(source)
    try:
        with source.meter.running():
            source.link.execute(_BEGIN)
        yield str(source.rows(_EXPORT)[0][0])
    finally:
        with suppress(psycopg.Error):
            source.link.rollback()


def _set(session: Session) -> None:
    settings = _SETTINGS | {"lock_timeout": f"{max(1, round(session.limits.lock_s * 1000))}ms"}
    session.rows(_SET, list(settings), list(settings.values()))


def schema_at(source: Session, moment: str) -> Schema:
    """The schema at that moment.

    Raises:
        DatabaseError: pg_dump is missing, or fails.
    """
    left_s = source.meter.limit_s - source.meter.spent_s
    version, lock_s = source.link.info.server_version // 10_000, source.limits.lock_s
    with source.meter.running():
        return schema_of(source.dsn, moment, version, lock_s=lock_s, limit_s=left_s)


def fill(source: Session, target: Session, schema: Schema, wanted: Sequence[Needed], note: Note) -> None:
    """Put the schema and the rows into an empty database, inside `one_moment`; then statistics as they should be.

    Raises:
        DatabaseError: something that the plans of the workload depend on cannot be made.
        OutOfTime: the budget was used up before.
    """
    _set(target)
    refused = _made(target, schema.before)
    _copy_all(source, target, [one for one in wanted if one.kind == "r"], note)
    note("building the indexes of the copy")
    refused += _made(target, schema.after)
    for one in wanted:
        if one.kind == "m":
            target.do(f"REFRESH MATERIALIZED VIEW {one.name}")
    _require_all(source, target, wanted, refused)
    for one in wanted:
        if one.is_counted:
            target.do(f"VACUUM (ANALYZE) {one.name}" if one.is_visible else f"ANALYZE {one.name}")


def _made(target: Session, pieces: Sequence[Piece]) -> list[str]:
    """Make what can be made, and tell what the server refused: it may matter to nobody."""
    refused = []
    for piece in pieces:
        if piece.kind in _NO_USE:
            continue
        if not target.meter.has_time:
            raise OutOfTime
        try:
            with target.meter.running():
                target.link.execute(piece.sql.encode())
        except psycopg.Error as error:
            refused.append(f"{piece.kind.lower()} {piece.name}: {reason_of(error)}")
    return refused


@dataclass(slots=True)
class _Progress:
    """How much has come, told now and then; and when it is too late. As text rows may be larger than in their table."""

    note: Note
    whole: int
    deadline: float
    copied: int = 0
    told: float = field(default_factory=time.monotonic)

    def add(self, name: TableName, count: int) -> None:
        now = time.monotonic()
        if now > self.deadline:
            raise OutOfTime
        self.copied += count
        if now - self.told > NOTE_EVERY_S:
            self.told = now
            self.note(f"copying {name}: {units.show(self.copied, 'bytes')} of about {units.show(self.whole, 'bytes')}")


def _copy_all(source: Session, target: Session, wanted: Sequence[Needed], note: Note) -> None:
    left_s = source.meter.limit_s - source.meter.spent_s
    progress = _Progress(note, sum(one.bytes for one in wanted), time.monotonic() + left_s)
    ((encoding,),) = source.rows(_ENCODING)
    with source.meter.running():
        for one in wanted:
            _copy(source, target, one.name, encoding, progress)


def _copy(source: Session, target: Session, name: TableName, encoding: str, progress: _Progress) -> None:
    """The rows of one table as text, in the server's encoding, so that nothing is converted."""
    how = f"(FORMAT text, ENCODING '{encoding}')"
    try:
        with (
            source.link.cursor().copy(f"/* perfkit */ COPY {name} TO STDOUT {how}".encode()) as rows,
            target.link.cursor().copy(f"/* perfkit */ COPY {name} FROM STDIN {how}".encode()) as into,
        ):
            block = bytearray()
            for row in rows:
                block += row
                if len(block) > _BLOCK_BYTES:
                    progress.add(name, len(block))
                    into.write(bytes(block))
                    block.clear()
            into.write(bytes(block))
    except psycopg.Error as error:
        hint = "the role must be allowed to see all its rows"
        raise DatabaseError(f"{name} cannot be copied: {reason_of(error)}", hint=hint) from error


def _require_all(source: Session, target: Session, wanted: Sequence[Needed], refused: Sequence[str]) -> None:
    names: tuple[Any, Any] = [one.name.schema for one in wanted], [one.name.name for one in wanted]
    have = {row[0] for row in target.rows(_OBJECTS, *names)}
    missing = sorted({row[0] for row in source.rows(_OBJECTS, *names)} - have)
    if missing:
        why = f"; the server refused {'; '.join(refused[:3])}" if refused else ""
        raise DatabaseError(
            f"the copy lacks {', '.join(missing[:5])}{why}",
            hint="what cannot be made there changes the plans: give the role the rights, or restore a backup",
        )
