"""One connection whose work is timed and bounded. Knows transactions, timeouts and the budget; no index.

What the workload holds runs in READ ONLY transactions that are rolled back, also where an index was taken away before
in the same one: a transaction may become READ ONLY, and never the other way round once it has seen data.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from perfkit.database import connect, reason_of
from perfkit.errors import DatabaseError
from perfkit.explain.runner import Limits, Parameter, Refused, bindable, plannable, why

_BEGIN_READ_ONLY: Final = "/* perfkit */ BEGIN READ ONLY"
_BEGIN: Final = "/* perfkit */ BEGIN"
_READ_ONLY: Final = "/* perfkit */ SET TRANSACTION READ ONLY"
_LIMITS: Final = "/* perfkit */ SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true)"
_UNLIMITED: Final = (
    "/* perfkit */ SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', $1, false)"
)


class _AsSent(Loader):
    """A value as the server sent it: text, whatever its type."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


class _Rounded(Loader):
    """A float without its last digits: they depend on the order in which rows were added up."""

    def load(self, data: Buffer) -> bytes:
        return b"%.9g" % float(bytes(data))


class OutOfTime(Exception):  # noqa: N818 — not a failure: the budget that the user gave is used up
    """No more of the server's time may be used."""


@dataclass(slots=True)
class Meter:
    """How long the server has worked for perfkit, in seconds, and how long it may."""

    limit_s: float
    spent_s: float = 0.0

    @property
    def has_time(self) -> bool:
        return self.spent_s < self.limit_s

    @contextmanager
    def running(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent_s += time.perf_counter() - began


@dataclass(slots=True)
class Session:
    """A connection and what it may use. `is_ours`: a copy, or a database that the user called disposable."""

    dsn: str
    meter: Meter
    limits: Limits
    is_ours: bool = False
    link: psycopg.Connection[tuple[Any, ...]] = field(init=False, repr=False)
    known_parameters: dict[tuple[str, tuple[str | None, ...]], list[Parameter]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.link = bindable(connect(self.dsn))

    def close(self) -> None:
        with suppress(psycopg.Error):
            self.link.close()

    @contextmanager
    def reading(self, *before: str) -> Iterator[None]:
        """A READ ONLY transaction that is rolled back. `before` are statements that run in it before it gets so.

        Raises:
            DatabaseError: a statement of `before` is refused, or the server went away.
        """
        if self.link.closed:  # a statement of the workload ended it
            self.link = bindable(connect(self.dsn))
        try:
            self._open(before)
            yield
        except psycopg.Error as error:
            raise DatabaseError(f"the database refuses: {reason_of(error)}", hint="see its log") from error
        finally:
            with suppress(psycopg.Error):  # gone: then the server has rolled back by itself
                self.link.rollback()

    def _open(self, before: Sequence[str]) -> None:
        with self.meter.running():
            self.link.execute(_BEGIN if before else _BEGIN_READ_ONLY)
            self._set_limits()
            for statement in before:
                self.link.execute(statement.encode())
            if before:
                self.link.execute(_READ_ONLY)

    def _set_limits(self) -> None:
        limits = [f"{max(1, round(limit * 1000))}ms" for limit in (self.limits.statement_s, self.limits.lock_s)]
        psycopg.RawCursor(self.link).execute(_LIMITS, limits)

    def rows(self, sql: LiteralString, *values: Any) -> list[Any]:
        """What one of perfkit's own statements returns."""
        with self.meter.running():
            return psycopg.RawCursor(self.link).execute(sql, values).fetchall()

    def explain(self, options: str, sql: str, values: Sequence[str | None]) -> Any:
        """The document that EXPLAIN returns for a statement of the workload, inside `reading`.

        Raises:
            Refused: the server does not plan or run it.
            OutOfTime: the budget was used up before.
        """
        with self.meter.running(), self._answering():
            text = f"/* perfkit */ EXPLAIN ({options}) {sql}".encode()
            parameters = self._bound(sql, values)
            row = psycopg.RawCursor(self.link).execute(text, parameters, binary=True).fetchone()
        return row[0][0] if row else {}

    def stream(self, sql: str, values: Sequence[str | None]) -> Iterator[tuple[bytes | None, ...]]:
        """The rows of a statement of the workload as the server's text, inside `reading`. Raises as `explain` does."""
        with self.meter.running(), self._answering():
            cursor = psycopg.RawCursor(self.link)
            for kind in psycopg.adapters.types:
                cursor.adapters.register_loader(kind.oid, _AsSent)
                cursor.adapters.register_loader(kind.array_oid, _AsSent)
            cursor.adapters.register_loader(0, _AsSent)
            for name in ("float4", "float8"):
                cursor.adapters.register_loader(name, _Rounded)
            parameters = self._bound(sql, values)
            yield from cursor.stream(f"/* perfkit */ {sql}".encode(), parameters, binary=False)

    def _bound(self, sql: str, values: Sequence[str | None]) -> list[Parameter]:
        key = (sql, tuple(values))
        if key not in self.known_parameters:
            self.known_parameters[key] = plannable(self.link, sql, values)
        return self.known_parameters[key]

    @contextmanager
    def _answering(self) -> Iterator[None]:
        if not self.meter.has_time:
            raise OutOfTime
        try:
            yield
        except psycopg.Error as error:
            raise Refused(why(error, self.limits)) from error
        except UnicodeError as error:
            raise Refused("it holds characters that cannot be sent") from error

    def do(self, *statements: str) -> None:
        """Run statements of perfkit's own outside a transaction, for as long as they take: to make a copy, to build.

        Raises:
            DatabaseError: one is refused.
        """
        with self.meter.running():
            try:
                psycopg.RawCursor(self.link).execute(_UNLIMITED, [f"{round(self.limits.lock_s * 1000)}ms"])
                for statement in statements:
                    self.link.execute(f"/* perfkit */ {statement}".encode())
            except psycopg.Error as error:
                raise DatabaseError(f"the database refuses: {reason_of(error)}", hint="see its log") from error
