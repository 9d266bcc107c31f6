"""Run one EXPLAIN (ANALYZE) so that it changes nothing. Knows transactions and refusals; reads no plan.

EXPLAIN ANALYZE executes. Whether a statement writes cannot be told from its text (`WITH d AS (DELETE …) SELECT …`, or
a function that writes), so no text is judged here: the statement goes by the extended protocol, which takes only one,
into a READ ONLY transaction with timeouts, which is always rolled back, on a connection of its own. What the server
lets even a reader do outside that transaction (dblink, pg_terminate_backend, a superuser's function that starts a
program) it lets this connection do too: explain as a role that may only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.adapt import Dumper

from perfkit.database import connect, reason_of
from perfkit.explain.facts import facts_of
from perfkit.model import TableFacts

_BEGIN: Final = "/* perfkit */ BEGIN READ ONLY"
_LIMITS: Final = "/* perfkit */ SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)"
_SAVEPOINT: Final = "/* perfkit */ SAVEPOINT planned"
_BACK: Final = "/* perfkit */ ROLLBACK TO SAVEPOINT planned"
_PLAN: Final = "/* perfkit */ EXPLAIN (FORMAT JSON) "
_RUN: Final = "/* perfkit */ EXPLAIN (ANALYZE, BUFFERS, SETTINGS, FORMAT JSON) "
_RUN_AND_SERIALIZE: Final = "/* perfkit */ EXPLAIN (ANALYZE, BUFFERS, SETTINGS, SERIALIZE TEXT, FORMAT JSON) "
_CAN_SERIALIZE: Final = 170_000

_TEXT_OID: Final = 25
_REASONS: Final = {
    "57014": "it ran longer than the statement timeout of {limits.statement_s:g} s",
    "55P03": "it waited longer than {limits.lock_s:g} s for a lock that another session holds",
    "25006": "the database refuses it in a read-only transaction: {said}",
}

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a statement may run, and how long it may wait for a lock, in seconds."""

    statement_s: float = 10.0
    lock_s: float = 1.0


class Refused(Exception):  # noqa: N818 — not a failure of perfkit: the server's "no"
    """The statement has no plan; the text says why."""


@dataclass(frozen=True, slots=True)
class _AsText:
    """A parameter that is declared as text, where the server cannot tell its type from the statement."""

    value: str | None


class _AsTextDumper(Dumper):
    oid = _TEXT_OID

    def dump(self, obj: _AsText) -> bytes | None:
        return None if obj.value is None else obj.value.encode()


Parameter = str | _AsText | None


class Analyzed(NamedTuple):
    """What EXPLAIN (ANALYZE, BUFFERS, SETTINGS, FORMAT JSON) returned, from which version, of which tables."""

    document: Any
    server_version: str
    facts: tuple[TableFacts, ...]


def analyze(dsn: str, statement: str, values: Sequence[str | None], limits: Limits) -> Analyzed:
    """Run the statement once under EXPLAIN, and read in the same transaction what the catalogue says of its tables.

    The values are bound as text of unknown type, as most drivers do, so that the server infers the types. The
    statement is planned once before it is run: planning time is then that of a connection in use, not of a new one.
    From PostgreSQL 17 on its rows are made into text too, as for a client, though not sent.

    Raises:
        Refused: the server refused the statement, gave it up, or went away.
        DatabaseError: nobody answers.
    """
    if "\0" in statement:  # libpq would send what stands before it: another statement
        raise Refused("it holds a zero byte")
    with closing(bindable(connect(dsn))) as connection:
        try:
            document = _in_read_only(connection, statement, values, limits)
            return Analyzed(document, _version_of(connection), facts_of(connection, document))
        except psycopg.Error as error:
            raise Refused(why(error, limits)) from error
        except UnicodeError as error:
            raise Refused("it holds characters that cannot be sent") from error
        finally:
            with suppress(psycopg.Error):  # gone: then the server has rolled back by itself
                connection.rollback()


def bindable(connection: Connection) -> Connection:
    """The same connection, able to send what `plannable` returns."""
    connection.adapters.register_dumper(_AsText, _AsTextDumper)
    return connection


def _in_read_only(connection: Connection, statement: str, values: Sequence[str | None], limits: Limits) -> Any:
    connection.execute(_BEGIN)
    connection.execute(_LIMITS, [f"{max(1, round(limit * 1000))}ms" for limit in (limits.statement_s, limits.lock_s)])
    run = _RUN_AND_SERIALIZE if connection.info.server_version >= _CAN_SERIALIZE else _RUN
    return _explain(connection, run + statement, plannable(connection, statement, values))


def plannable(connection: Connection, statement: str, values: Sequence[str | None]) -> list[Parameter]:
    """The values as the statement can be planned with: one whose type cannot be inferred is declared as text.

    `$1 IS NULL OR customer_id = $2` says nothing of the type of $1. The application's driver did, but not to the log.
    """
    parameters: list[Parameter] = list(values)
    while True:
        connection.execute(_SAVEPOINT)
        try:
            _explain(connection, _PLAN + statement, parameters)
        except psycopg.errors.IndeterminateDatatype as error:
            place = _place_of(error, parameters)
            if place is None:
                raise
            parameters[place] = _AsText(values[place])
            connection.execute(_BACK)
        else:
            return parameters


def _place_of(error: psycopg.Error, parameters: Sequence[Parameter]) -> int | None:
    """Which parameter the server means ("could not determine data type of parameter $3"); None if it has a type."""
    number = (error.diag.message_primary or "").rpartition("$")[2]
    place = int(number) - 1 if number.isdecimal() else -1
    return place if 0 <= place < len(parameters) and not isinstance(parameters[place], _AsText) else None


def _explain(connection: Connection, text: str, parameters: Sequence[Parameter]) -> Any:
    """`binary` has psycopg use the extended protocol even without parameters; the simple one takes many statements."""
    row = psycopg.RawCursor(connection).execute(text.encode(), parameters, binary=True).fetchone()
    return row[0] if row else None


def _version_of(connection: Connection) -> str:
    return connection.info.parameter_status("server_version") or str(connection.info.server_version)


def why(error: psycopg.Error, limits: Limits) -> str:
    said = reason_of(error)
    return _REASONS.get(error.sqlstate or "", "the database refuses it: {said}").format(limits=limits, said=said)
