"""How the server writes its log, and what must be changed before it can be read. Reads settings; changes none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from perfkit.errors import DatabaseError
from perfkit.queries.formats import FORMATS, Format

_SETTINGS: Final = """/* perfkit */
SELECT name, setting FROM pg_settings WHERE name LIKE 'log%' OR name IN ('data_directory', 'lc_messages')
"""
_CLOCK: Final = """/* perfkit */
SELECT extract(epoch FROM now)::float8,
       extract(epoch FROM (now AT TIME ZONE current_setting('log_timezone')) - (now AT TIME ZONE 'UTC'))::float8
FROM (SELECT clock_timestamp() AS now) AS clock
"""
_RELOAD: Final = "SELECT pg_reload_conf();"
_ENGLISH: Final = ("C", "POSIX", "EN", "")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The server's settings by name; those that this user may not see are not in it."""

    values: dict[str, str]
    version_num: int
    database: str
    user: str

    @property
    def format(self) -> Format:
        """The first form of log that the server writes and perfkit reads.

        Raises:
            DatabaseError: there is none.
        """
        written = [word.strip() for word in self.values.get("log_destination", "").split(",")]
        for name, format_ in FORMATS.items():
            if name in written:
                return format_
        raise DatabaseError(
            f"the server writes its log as {', '.join(written)}, which perfkit does not read",
            hint=self._json_command(written) if self.version_num >= 150000 else "jsonlog needs PostgreSQL 15 or later",
        )

    def _json_command(self, written: list[str]) -> str:
        return f"ALTER SYSTEM SET log_destination = '{','.join([*written, 'jsonlog'])}'; {_RELOAD}"

    @property
    def parameter_limit(self) -> int | None:
        """How many bytes of each parameter the server logs; None is all of it."""
        limit = int(self.values.get("log_parameter_max_length", "-1"))
        return None if limit < 0 else limit


def read_settings(connection: psycopg.Connection[tuple[Any, ...]]) -> LogSettings:
    info = connection.info
    rows = connection.execute(_SETTINGS).fetchall()
    return LogSettings({str(name): str(value) for name, value in rows}, info.server_version, info.dbname, info.user)


def require_durations(settings: LogSettings, slower_than_ms: float) -> None:
    """
    Raises:
        DatabaseError: the server writes no log file, or no slow statements to it; the hint is the command.
    """
    if settings.values.get("logging_collector") != "on":
        raise DatabaseError(
            "the server does not collect its log in files",
            hint="ALTER SYSTEM SET logging_collector = on; then restart the server",
        )
    if float(settings.values["log_min_duration_statement"]) < 0:
        raise DatabaseError(
            "the server does not log slow statements (log_min_duration_statement is -1)",
            hint=f"ALTER SYSTEM SET log_min_duration_statement = '{slower_than_ms:.0f}ms'; {_RELOAD}",
        )


def notes_on(settings: LogSettings, slower_than_ms: float) -> list[str]:
    """What this server's settings hide from a capture, one sentence each, with the remedy."""
    notes = []
    logged_ms = float(settings.values["log_min_duration_statement"])
    if logged_ms > slower_than_ms:
        notes.append(
            f"the server logs statements from {logged_ms:g} ms on, so those between {slower_than_ms:g} and"
            f" {logged_ms:g} ms were not seen; SET log_min_duration_statement = '{slower_than_ms:g}ms' to see them"
        )
    if settings.parameter_limit is not None:
        notes.append(
            f"the server logs only {settings.parameter_limit} bytes of each parameter;"
            " SET log_parameter_max_length = -1 for whole ones"
        )
    language = settings.values.get("lc_messages", "").upper()
    if language.split("_")[0].split(".")[0] not in _ENGLISH:
        notes.append("the server may not log in English, which alone is read; SET lc_messages = 'C'")
    return notes


@dataclass(frozen=True, slots=True)
class LogClock:
    """The log's clock against this machine's: `zone_s` east of UTC, and `ahead_s` that the server's clock is ahead."""

    zone_s: float
    ahead_s: float

    def unix(self, written_at: str) -> float:
        """A log line's time ("2026-11-22 05:45:48.163 CET") in unix seconds of this machine.

        Raises:
            ValueError: it is no time.
        """
        there = datetime.fromisoformat(written_at[:23]).replace(tzinfo=UTC).timestamp()
        return there - self.zone_s - self.ahead_s


def read_clock(connection: psycopg.Connection[tuple[Any, ...]], clock: Callable[[], float] = time.time) -> LogClock:
    """The offsets of now. A change to or from summer time during the capture is not seen.

    A difference between the clocks that is shorter than the question took is none that can be measured.
    """
    before = clock()
    row = connection.execute(_CLOCK).fetchone()
    after = clock()
    server, zone_s = row if row else (before, 0.0)
    ahead_s = server - (before + after) / 2
    return LogClock(zone_s=zone_s, ahead_s=ahead_s if abs(ahead_s) > after - before else 0.0)
