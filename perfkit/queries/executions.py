"""Single executions with their times, out of a log in which every statement is. Knows entries; counts nothing.

With the extended protocol a statement is told in up to three entries: parse, bind, execute. The first two are what it
took to plan it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from perfkit.database import TAG
from perfkit.queries.durations import Values, parse_message, parse_parameters
from perfkit.queries.formats import LogEntry
from perfkit.queries.log_settings import LogClock

MAX_EXECUTIONS: Final = 200_000
_RESOLUTION_S: Final = 0.001
_PREPARING: Final = re.compile(r"duration: (?P<ms>\d+(?:\.\d+)?) ms  (?:parse|bind) [^:]*: (?P<sql>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TimedExecution:
    """One execution. `ended_at` is in unix seconds of this machine, good to the millisecond that a log tells."""

    ended_at: float
    ms: float
    planning_ms: float | None
    sql: str
    values: Values
    query_id: str | None = None


def timed_executions(entries: Iterable[LogEntry], clock: LogClock, database: str) -> Iterator[TimedExecution]:
    """The executions that entries tell, in their order, without perfkit's own; at most MAX_EXECUTIONS.

    What cannot be read is passed over: the capture of slow statements counts it.
    """
    planning: defaultdict[str, float] = defaultdict(float)
    count = 0
    for entry in entries:
        if entry.database not in (database, None) or count >= MAX_EXECUTIONS:
            continue
        if prepared := _PREPARING.match(entry.message):
            planning[prepared["sql"]] += float(prepared["ms"])
            continue
        try:
            execution, values = parse_message(entry.message), parse_parameters(entry.detail)
            ended_at = clock.unix(entry.written_at or "") + _RESOLUTION_S / 2
        except ValueError:
            continue
        if execution is None or execution.sql is None or execution.plan is not None or TAG in execution.sql:
            continue  # auto_explain tells an execution a second time
        count += 1
        yield TimedExecution(
            ended_at=ended_at,
            ms=execution.duration_ms,
            planning_ms=planning.pop(execution.sql, None),
            sql=execution.sql,
            values=values,
            query_id=entry.query_id,
        )
