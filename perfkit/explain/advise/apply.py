"""Build the advised indexes on the real database, without locking out writers, so that it can be undone.

CREATE INDEX CONCURRENTLY cannot run in a transaction, and leaves an INVALID index behind when it fails or is
interrupted. The undo script is on the disk before the first index is begun.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from perfkit import files
from perfkit.database import connect, reason_of
from perfkit.errors import DatabaseError, StoreError
from perfkit.explain.advise.advice import Advice
from perfkit.explain.advise.index import TableName, create

_STATE: Final = """/* perfkit */
SELECT i.indisvalid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s
"""
_TAKEN: Final = """/* perfkit */
SELECT c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND c.relkind <> 'i'
"""
_LIMITS: Final = (
    "/* perfkit */ SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', %s, false)"
)
_CLEANING_TRIES: Final = 3

Link = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """One index to build: its name and the statement. `is_leftover`: an invalid one of that name goes first.

    `analyzed` is the table whose statistics are renewed, as those of an expression are made by nothing else.
    """

    name: TableName
    sql: str
    is_leftover: bool = False
    analyzed: TableName | None = None

    @property
    def undo(self) -> str:
        return f"DROP INDEX CONCURRENTLY IF EXISTS {self.name};"


@dataclass(frozen=True, slots=True)
class Applied:
    """What was built, each with its seconds, and the script that undoes it."""

    built: tuple[tuple[Step, float], ...] = ()
    undo: Path | None = None


def steps(dsn: str, advice: Sequence[Advice]) -> list[Step]:
    """What is still to be built: what is there and valid is left out, so that a second time does nothing.

    Raises:
        DatabaseError: nobody answers, the server is a replica, or something else has the name.
    """
    found = []
    with closing(connect(dsn)) as link:
        _require_primary(link)
        for one in advice:
            name = TableName(one.index.table.schema, one.name)
            if link.execute(_TAKEN, name).fetchone():
                raise DatabaseError(f"{name} is something else than an index", hint="rename it, or build by hand")
            state = link.execute(_STATE, name).fetchone()
            if state is None or not state[0]:
                sql = create(one.index, one.name, concurrently=True)
                found.append(Step(name, sql, state is not None, one.index.table if one.index.has_expression else None))
    return found


def _require_primary(link: Link) -> None:
    (is_replica,) = link.execute("/* perfkit */ SELECT pg_is_in_recovery()").fetchone() or (False,)
    if is_replica:
        raise DatabaseError("this server is a replica: nothing can be built here", hint="name the primary")


def apply(
    dsn: str,
    todo: Sequence[Step],
    undo: Path,
    *,
    lock_timeout_s: float = 10.0,
    note: Callable[[str], None] = lambda text: None,
) -> Applied:
    """Write the undo script, then build one after the other. What cannot be built leaves no INVALID index behind.

    Raises:
        DatabaseError: an index cannot be built; the message says what is left of it. Those built before it stay.
        StoreError: the undo script cannot be written, or exists; nothing is built then.
    """
    if not todo:
        return Applied()
    _write_undo(undo, todo)
    built: list[tuple[Step, float]] = []
    with closing(connect(dsn)) as link:
        link.execute(_LIMITS, [f"{max(1, round(lock_timeout_s * 1000))}ms"])
        for number, step in enumerate(todo, start=1):
            note(f"building {step.name.name} ({number} of {len(todo)})")
            began = time.perf_counter()
            _build(dsn, link, step, lock_timeout_s)
            built.append((step, time.perf_counter() - began))
    return Applied(tuple(built), undo)


def _write_undo(path: Path, todo: Sequence[Step]) -> None:
    if path.exists():
        raise StoreError(f"{path} exists already", hint="it undoes an earlier --apply: name another with --undo FILE")
    lines = ["-- Takes away what `perfkit explain --apply` built. Run it with psql, outside a transaction."]
    files.write_text(path, "\n".join([*lines, *(step.undo for step in todo)]) + "\n")


def _build(dsn: str, link: Link, step: Step, lock_timeout_s: float) -> None:
    try:
        if step.is_leftover:
            link.execute(f"/* perfkit */ DROP INDEX CONCURRENTLY IF EXISTS {step.name}".encode())
        link.execute(f"/* perfkit */ {step.sql}".encode())
        if step.analyzed is not None:
            link.execute(f"/* perfkit */ ANALYZE {step.analyzed}".encode())
    except psycopg.Error as error:
        left = _cleaned(dsn, step, lock_timeout_s)
        raise DatabaseError(f"{step.name.name} was not built: {reason_of(error)}{left}", hint=_hint(left)) from error
    except KeyboardInterrupt:
        left = _cleaned(dsn, step, lock_timeout_s)
        if left:
            raise DatabaseError(f"{step.name.name} was interrupted{left}", hint=_hint(left)) from None
        raise


def _hint(left: str) -> str:
    if left:
        return "drop it by the statement in the undo script when nobody holds its table"
    return "nothing is left of it; try again when the server is quieter, or with a longer --lock-timeout"


def _cleaned(dsn: str, step: Step, lock_timeout_s: float) -> str:
    """Nothing, or the words that say which INVALID index is left. On a connection of its own: the other may be gone."""
    for _ in range(_CLEANING_TRIES):
        try:
            with closing(connect(dsn)) as link:
                link.execute(_LIMITS, [f"{max(1, round(lock_timeout_s * 1000))}ms"])
                state = link.execute(_STATE, step.name).fetchone()
                if state is None or state[0]:
                    return ""
                link.execute(f"/* perfkit */ DROP INDEX CONCURRENTLY IF EXISTS {step.name}".encode())
                return ""
        except (psycopg.Error, DatabaseError):
            continue
    return f"; the INVALID index {step.name} is left"


def undo_path(folder: Path, now: float | None = None) -> Path:
    """Where the undo script goes when nobody says: a name that no earlier one has."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    return folder / f"perfkit-undo-{stamp}.sql"
