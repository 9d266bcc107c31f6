"""How the server writes its log, and what must be changed before it can be read. Reads settings; changes none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Final

import psycopg

from perfkit.errors import DatabaseError
from perfkit.queries.formats import FORMATS, Blocks, Format, LogEntry, Missed, Prefix, read_prefix

_SETTINGS: Final = """/* perfkit */
SELECT name, setting FROM pg_settings WHERE name LIKE 'log%' OR name IN ('data_directory', 'lc_messages')
"""
_CLOCK: Final = """/* perfkit */
SELECT extract(epoch FROM now)::float8,
       extract(epoch FROM (now AT TIME ZONE current_setting('log_timezone')) - (now AT TIME ZONE 'UTC'))::float8
FROM (SELECT clock_timestamp() AS now) AS clock
"""
_RELOAD: Final = "SELECT pg_reload_conf();"
_GOOD_PREFIX: Final = "%m [%p] %q%u@%d "
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
        return FORMATS[self.form]

    @property
    def form(self) -> str:
        """The name of `format`, as in `log_destination`.

        Raises:
            DatabaseError: there is none.
        """
        written = [word.strip() for word in self.values.get("log_destination", "").split(",")]
        for name in FORMATS:
            if name in written:
                return name
        better = "jsonlog" if self.version_num >= 150000 else "csvlog"
        raise DatabaseError(
            f"the server writes its log as {', '.join(written)}, which cannot be read from its files",
            hint=f"ALTER SYSTEM SET log_destination = '{','.join([*written, better])}'; {_RELOAD}",
        )

    @property
    def prefix(self) -> Prefix | None:
        """What stands before each entry, None where the form of log has none."""
        return read_prefix(self.values.get("log_line_prefix", "")) if self.form == "stderr" else None

    @property
    def suffix(self) -> str:
        """How the names of the log's files end."""
        if self.form != "stderr":
            return self.format.SUFFIX
        suffix = PurePosixPath(self.values.get("log_filename", "")).suffix
        return "" if "%" in suffix else suffix

    def entries(self, blocks: Blocks, missed: Missed) -> Iterator[LogEntry]:
        """The entries with a duration in pieces of this server's log."""
        return self.format.entries(blocks, missed, self.prefix)

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
    prefix = settings.prefix
    if prefix is not None and not prefix.tells("at"):
        raise DatabaseError(
            f"the server writes no time into its log (log_line_prefix is '{prefix.written}')",
            hint=f"ALTER SYSTEM SET log_line_prefix = '{_GOOD_PREFIX}'; {_RELOAD}",
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
    notes += _notes_on_prefix(settings.prefix) if settings.prefix else []
    if settings.values.get("log_error_verbosity") == "terse":
        notes.append("the server logs no parameters; SET log_error_verbosity = 'default' to see them")
    language = settings.values.get("lc_messages", "").upper()
    if language.split("_")[0].split(".")[0] not in _ENGLISH:
        notes.append("the server may not log in English, which alone is read; SET lc_messages = 'C'")
    return notes


def _notes_on_prefix(prefix: Prefix) -> list[str]:
    notes = []
    if not prefix.tells("database"):
        notes.append(
            f"log_line_prefix '{prefix.written}' does not tell the database, so statements of all databases of the"
            f" server are counted; SET log_line_prefix = '{_GOOD_PREFIX}' to tell them apart"
        )
    if not prefix.tells_milliseconds:
        notes.append(
            "the log tells whole seconds only, so calls at the edge of a phase may be counted in another;"
            " use %m in place of %t in log_line_prefix"
        )
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
        if "-" not in written_at:  # seconds since 1970, of no zone
            return float(written_at) - self.ahead_s
        return _minute(written_at[:16]) + float(written_at[17:23].partition(" ")[0]) - self.zone_s - self.ahead_s


@lru_cache(maxsize=8)
def _minute(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


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
