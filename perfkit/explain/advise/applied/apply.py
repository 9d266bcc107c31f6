"""Build the advised indexes on the real database, without locking out writers, so that it can be undone.

CREATE INDEX CONCURRENTLY cannot run in a transaction, and leaves an INVALID index behind when it fails or is
interrupted. The undo script is on the disk before the first index is begun.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from perfkit import files
from perfkit.database import connect, reason_of
from perfkit.errors import DatabaseError, StoreError
from perfkit.explain.advise.applied.steps import Link, Step

_STATE: Final = """/* perfkit */
SELECT i.indisvalid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND c.relkind = 'i'
"""
_LIMITS: Final = (
    "/* perfkit */ SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', %s, false)"
)
_OLDEST: Final = """/* perfkit */
SELECT coalesce(nullif(application_name, ''), '?'), pid, extract(epoch FROM clock_timestamp() - xact_start)::float8
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
  AND backend_type = 'client backend' ORDER BY xact_start LIMIT 1
"""
_ALONE: Final = "/* perfkit */ SELECT pg_try_advisory_lock(7216894305418)"  # any number, so long as it stays this one
_WAITED: Final = "55P03"
_CLEANING_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Applied:
    """What was built, each with its seconds, and the script that undoes it."""

    built: tuple[tuple[Step, float], ...] = ()
    undo: Path | None = None


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
    built: list[tuple[Step, float]] = []
    with closing(connect(dsn)) as link:
        _require_alone(link)
        _write_undo(undo, todo)
        link.execute(_LIMITS, [f"{max(1, round(lock_timeout_s * 1000))}ms"])
        for number, step in enumerate(todo, start=1):
            note(f"building {step.name.name} ({number} of {len(todo)})")
            began = time.perf_counter()
            _build(dsn, link, step, lock_timeout_s)
            built.append((step, time.perf_counter() - began))
    return Applied(tuple(built), undo)


def _require_alone(link: Link) -> None:
    """What another one is building is INVALID until it is done, and would be taken for a leftover."""
    if link.execute(_ALONE).fetchone() != (True,):
        raise DatabaseError("another perfkit is building indexes in this database", hint="say it again when it is done")


def _write_undo(path: Path, todo: Sequence[Step]) -> None:
    if path.exists():
        raise StoreError(f"{path} exists already", hint="it undoes an earlier --apply: name another with --undo FILE")
    lines = ["-- Takes away what `perfkit explain --apply` built. Run it with psql, outside a transaction."]
    files.write_text(path, "\n".join([*lines, *(step.undo for step in todo if step.undo)]) + "\n")


def _build(dsn: str, link: Link, step: Step, lock_timeout_s: float) -> None:
    try:
        if step.is_leftover:
            link.execute(f"/* perfkit */ DROP INDEX CONCURRENTLY IF EXISTS {step.name}".encode())
        link.execute(f"/* perfkit */ {step.sql}".encode())
        if step.analyzed is not None:
            link.execute(f"/* perfkit */ ANALYZE {step.analyzed}".encode())
    except psycopg.Error as error:
        why = _why(dsn, error, lock_timeout_s)
        left = _cleaned(dsn, step, lock_timeout_s)
        raise DatabaseError(f"{step.name.name} was not built: {why}{left}", hint=_hint(left)) from error
    except KeyboardInterrupt:
        left = _cleaned(dsn, step, lock_timeout_s)
        if left:
            raise DatabaseError(f"{step.name.name} was interrupted{left}", hint=_hint(left)) from None
        raise


def _why(dsn: str, error: psycopg.Error, lock_timeout_s: float) -> str:
    """What the server said; of a lock that was not had, who may hold it: the oldest transaction of the database."""
    if error.sqlstate != _WAITED:
        return reason_of(error)
    said = f"it waited longer than {lock_timeout_s:g} s for a lock that another session holds"
    with suppress(psycopg.Error, DatabaseError), closing(connect(dsn)) as link:
        row = link.execute(_OLDEST).fetchone()
        if row is not None:
            return f"{said}; the oldest open transaction is that of {row[0]} (process {row[1]}), {row[2]:.0f} s old"
    return said


def _hint(left: str) -> str:
    if left:
        return "drop it by the statement in the undo script when nobody holds its table"
    return (
        "nothing is left of it, and what was built before it stays; "
        "say it again when the server is quieter, or with a longer --lock-timeout: it goes on from there"
    )


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
