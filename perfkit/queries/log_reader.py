"""From lines of a log to a tally: which entries are slow executions of the database under test, and what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from perfkit.database import TAG
from perfkit.queries.durations import Execution, Values, is_duration, parse_message, parse_parameters
from perfkit.queries.formats import LogEntry
from perfkit.queries.log_settings import LogClock, LogSettings
from perfkit.queries.tally import Example, Tally
from perfkit.sqltext import highest_parameter

_CUT: Final = "..."


@dataclass(slots=True)
class LogReader:
    """Reads lines into `tally` and counts what it cannot use."""

    settings: LogSettings
    clock: LogClock
    slower_than_ms: float
    tally: Tally
    lines_unparsed: int = 0
    without_text: int = 0
    without_values: int = 0

    def read(self, lines: Iterable[bytes]) -> None:
        for entry in self.settings.format.entries(lines):
            try:
                if entry is None:
                    raise ValueError("no log entry")
                if is_duration(entry.message) and entry.database == self.settings.database:
                    self._count(entry, parse_message(entry.message))
            except ValueError:
                self.lines_unparsed += 1

    def _count(self, entry: LogEntry, execution: Execution | None) -> None:
        if execution is None or execution.duration_ms < self.slower_than_ms:
            return
        if execution.sql is None:
            self.without_text += 1
        elif TAG not in execution.sql:
            started_at = self.clock.unix(entry.written_at) - execution.duration_ms / 1000
            values = self._values(execution.sql, entry.detail)
            example = Example(execution.sql, values, execution.duration_ms)
            self.tally.add(example, started_at, entry.database, entry.query_id)

    def _values(self, sql: str, detail: str | None) -> Values | None:
        values = parse_parameters(detail)
        limit = self.settings.parameter_limit
        is_missing = not values and "$1" in sql and highest_parameter(sql) > 0
        if is_missing or (limit is not None and any(_is_cut(value, limit) for value in values)):
            self.without_values += 1
            return None
        return values

    def notes(self) -> Iterator[str]:
        """What was lost, one sentence each, with the remedy where there is one."""
        if self.lines_unparsed:
            yield f"{self.lines_unparsed:,} lines of the server log could not be read and are not counted"
        if self.without_text:
            yield (
                f"{self.without_text:,} slow executions were logged without their statement, as log_statement makes it;"
                " SET log_statement = 'none' to see them"
            )
        if self.without_values:
            yield f"{self.without_values:,} slow executions were logged without their whole parameters"
        if self.tally.calls_outside_phases:
            yield f"{self.tally.calls_outside_phases:,} slow executions outside the measured phases were left out"
        if self.tally.calls_beyond_limit:
            yield f"{self.tally.calls_beyond_limit:,} slow executions of rarer shapes were left out"


def _is_cut(value: str | None, limit: int) -> bool:
    """The server ends a value that it cuts with three dots; a whole value that looks the same is given up too."""
    return value is not None and value.endswith(_CUT) and len(value.encode()) >= limit
