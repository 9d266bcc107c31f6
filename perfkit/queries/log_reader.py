"""From entries of a log to a tally: which are slow executions of the database under test, and what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from perfkit import units
from perfkit.database import TAG
from perfkit.queries.durations import Execution, Values, parse_message, parse_parameters
from perfkit.queries.formats import LogEntry, Missed
from perfkit.queries.log_settings import LogClock
from perfkit.queries.tally import Context, Example, Tally
from perfkit.sqltext import highest_parameter

_CUT: Final = "..."


@dataclass(slots=True)
class LogReader:
    """Reads entries into `tally` and counts what it cannot use.

    `database` is the only one that counts, None is every one; without a `clock` times are not known. The server keeps
    `parameter_limit` bytes of a parameter, None: all.
    """

    tally: Tally
    slower_than_ms: float = 0.0
    database: str | None = None
    clock: LogClock | None = None
    parameter_limit: int | None = None
    missed: Missed = field(default_factory=Missed)
    entries: int = 0
    without_text: int = 0
    without_values: int = 0
    first_at: str | None = None
    last_at: str | None = None

    def read(self, entries: Iterable[LogEntry]) -> None:
        entry = None
        for entry in entries:
            if self.first_at is None:
                self.first_at = entry.written_at
            if self.database is not None and entry.database not in (self.database, None):
                continue
            try:
                execution = parse_message(entry.message)
                if execution is not None and execution.duration_ms >= self.slower_than_ms:
                    self._count(entry, execution)
                self.entries += 1
            except ValueError:
                self.missed.lines += 1
        self.last_at = entry.written_at if entry else self.last_at

    def _count(self, entry: LogEntry, execution: Execution) -> None:
        sql = execution.sql
        if sql is None:
            self.without_text += 1
            return
        if TAG in sql:
            return
        told = f"Parameters: {execution.parameters}" if execution.parameters else entry.detail
        example = Example(sql, self._values(sql, told), execution.duration_ms)
        context = Context(entry.database, entry.query_id, entry.user, execution.plan)
        self.tally.add(example, self._started_at(entry, execution), context)

    def _started_at(self, entry: LogEntry, execution: Execution) -> float | None:
        if self.clock is None or entry.written_at is None:
            return None
        return self.clock.unix(entry.written_at) - execution.duration_ms / 1000

    def _values(self, sql: str, detail: str | None) -> Values | None:
        values = parse_parameters(detail)
        limit = self.parameter_limit
        is_missing = not values and "$1" in sql and _needs_values(sql)
        if is_missing or (limit is not None and any(_is_cut(value, limit) for value in values)):
            self.without_values += 1
            return None
        return values

    def notes(self) -> Iterator[str]:
        """What was lost, one sentence each, with the remedy where there is one."""
        if self.missed.lines:
            yield f"{units.count(self.missed.lines, 'line')} of the server log could not be read: not counted"
        if self.without_text:
            yield (
                f"{units.count(self.without_text, 'slow execution')} logged without statement, as"
                " log_statement makes it; SET log_statement = 'none' to see them"
            )
        if self.without_values:
            yield f"{units.count(self.without_values, 'slow execution')} logged without all parameters"
        if self.tally.calls_outside_phases:
            outside = units.count(self.tally.calls_outside_phases, "slow execution")
            yield f"{outside} outside the measured phases left out"
        if self.tally.calls_beyond_limit:
            yield f"{units.count(self.tally.calls_beyond_limit, 'slow execution')} of rarer shapes left out"


@lru_cache(maxsize=256)
def _needs_values(sql: str) -> bool:
    return highest_parameter(sql) > 0


def _is_cut(value: str | None, limit: int) -> bool:
    """The server ends a value that it cuts with three dots; a whole value that looks the same is given up too."""
    return value is not None and value.endswith(_CUT) and len(value.encode()) >= limit
