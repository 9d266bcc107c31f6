"""Makes the server log every statement for the time of a block, where it lets us. Knows one setting; reads no log.

Only ALTER SYSTEM reaches sessions that are open already, as those of a connection pool are. What the setting was before
is kept in the new value itself: 0.00015001 and 0.0002 are 0 ms to the server, and tell us "5000 before" and "not set
before". So a run that was killed leaves behind all that is needed to undo it, on the server that it left it on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from perfkit.database import connect, reason_of
from perfkit.errors import DatabaseError

PATIENCE_S: Final = 2.0
SETTLE_S: Final = 0.2  # the postmaster has told its sessions; each looks when its next command comes
_POLL_S: Final = 0.02

_OWN: Final = re.compile(r"0\.0001(?P<former>\d+)|0\.0002")
_QUANTITY: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*")
_MS: Final = {"us": 1e-3, None: 1.0, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}

_IN_FILE: Final = """/* perfkit */
SELECT setting FROM pg_file_settings
WHERE name = 'log_min_duration_statement' AND sourcefile LIKE '%postgresql.auto.conf'
ORDER BY seqno DESC LIMIT 1
"""
_NOW: Final = "/* perfkit */ SELECT setting::float8 FROM pg_settings WHERE name = 'log_min_duration_statement'"
_RIGHTS: Final = """/* perfkit */
SELECT has_parameter_privilege('log_min_duration_statement', 'ALTER SYSTEM')
   AND has_function_privilege('pg_reload_conf()', 'EXECUTE')
   AND has_table_privilege('pg_file_settings', 'SELECT')
"""
_SUPERUSER: Final = "/* perfkit */ SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_RELOAD: Final = "/* perfkit */ SELECT pg_reload_conf()"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Logged:
    """From how many ms on statements are logged now (None: none is); `note` says why it is not every one."""

    from_ms: float | None
    note: str | None = None


@contextmanager
def everything_logged(dsn: str) -> Iterator[Logged]:
    """Every statement is logged in the block; where that is not allowed, what is logged anyway.

    The setting is put back at the end of the block, however it ends; a killed process is found out by `left_behind`.

    Raises:
        DatabaseError: nobody answers at `dsn`.
    """
    with connect(dsn) as connection:
        before = _from_ms(connection)
        try:
            former = _former(connection)
            _set(connection, "0.0002" if former is None else f"0.0001{former + 1}")
        except psycopg.errors.InsufficientPrivilege:
            yield Logged(before, None if before == 0 else _missing(connection, before))
            return
        except psycopg.Error as error:
            yield Logged(before, f"not every statement is logged: {reason_of(error)}")
            return
    try:
        yield _wait(dsn)
    finally:
        restore(dsn, former)


def left_behind(dsn: str) -> str | None:
    """The SQL that undoes what a killed run has left behind; None where it left nothing, or where that is not told."""
    with connect(dsn) as connection:
        try:
            found = _OWN.fullmatch(_in_file(connection) or "")
        except psycopg.Error:
            return None
    return None if found is None else f"{_undo(_former_of(found))}; SELECT pg_reload_conf();"


def left_behind_note(dsn: str) -> str | None:
    """The same as a sentence for the notes of a run."""
    undo = left_behind(dsn)
    return f"a trace that was killed has left every statement logged on this server; undo it: {undo}" if undo else None


def missing_right(dsn: str) -> str | None:
    """Why not every statement can be logged, with the GRANT that would change it; None where it can. Changes nothing.

    Raises:
        DatabaseError: nobody answers at `dsn`.
    """
    with connect(dsn) as connection:
        try:
            row = connection.execute(_RIGHTS if connection.info.server_version >= 150000 else _SUPERUSER).fetchone()
        except psycopg.Error as error:
            return f"whether every statement can be logged is not known: {reason_of(error)}"
        return None if row and row[0] else _missing(connection, _from_ms(connection))


def restore(dsn: str, former: int | None) -> None:
    """Put the setting back. A server that is gone has nothing to put back to: `left_behind` will tell."""
    with suppress(DatabaseError, psycopg.Error), connect(dsn) as connection:
        connection.execute(f"/* perfkit */ {_undo(former)}".encode())
        connection.execute(_RELOAD)


def _undo(former: int | None) -> str:
    if former is None:
        return "ALTER SYSTEM RESET log_min_duration_statement"
    return f"ALTER SYSTEM SET log_min_duration_statement = '{former}ms'" if former >= 0 else _OFF


_OFF: Final = "ALTER SYSTEM SET log_min_duration_statement = -1"


def _set(connection: Connection, value: str) -> None:
    connection.execute(f"/* perfkit */ ALTER SYSTEM SET log_min_duration_statement = '{value}'".encode())
    connection.execute(_RELOAD)


def _in_file(connection: Connection) -> str | None:
    row = connection.execute(_IN_FILE).fetchone()
    return str(row[0]) if row else None


def _former(connection: Connection) -> int | None:
    """What ALTER SYSTEM had set, in ms; None: nothing. What a killed run left behind is looked through."""
    text = _in_file(connection)
    if text is None:
        return None
    if found := _OWN.fullmatch(text):
        return _former_of(found)
    quantity = _QUANTITY.fullmatch(text)
    return round(float(quantity[1]) * _MS[quantity[2]]) if quantity else None


def _former_of(found: re.Match[str]) -> int | None:
    return int(found["former"]) - 1 if found["former"] else None


def _from_ms(connection: Connection) -> float | None:
    row = connection.execute(_NOW).fetchone()
    return float(row[0]) if row and row[0] >= 0 else None


def _wait(dsn: str) -> Logged:
    """Until a new session has the new value; one that still has not is held back by a setting of its own."""
    deadline = time.monotonic() + PATIENCE_S
    with connect(dsn) as connection:
        while (from_ms := _from_ms(connection)) != 0 and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    time.sleep(SETTLE_S)
    if from_ms == 0:
        return Logged(0.0)
    return Logged(
        from_ms, "not every statement is logged: the role or the database has its own log_min_duration_statement"
    )


def _missing(connection: Connection, from_ms: float | None) -> str:
    user = '"' + connection.info.user.replace('"', '""') + '"'
    logged = "none is logged" if from_ms is None else f"those faster than {from_ms:g} ms are not in the trace"
    return (
        f"this user may not have every statement logged for the time of the trace, so {logged}; as a superuser:"
        f" GRANT ALTER SYSTEM ON PARAMETER log_min_duration_statement TO {user};"
        f" GRANT EXECUTE ON FUNCTION pg_reload_conf(), pg_show_all_file_settings() TO {user};"
        f" GRANT SELECT ON pg_file_settings TO {user};"
    )
