"""Statements that a log tells of, as a table for 80 columns, and the bar while it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from perfkit import reading, units
from perfkit.model import CapturedQuery
from perfkit.terminal.text import MISSING, new_table, plain

_MOST: Final = 20


def captured_table(queries: Sequence[CapturedQuery]) -> Table:
    """The statements, the one that took most time in all first, with each one's share of it."""
    total_ms = sum(query.total_ms for query in queries)
    left_out = len(queries) - _MOST
    table = new_table("Slow statements", caption=f"and {left_out:,} more (--json has all)" if left_out > 0 else None)
    table.add_column("Statement", overflow="fold", min_width=20, ratio=1)
    for label in ("Calls", "Total", "Share", "Mean", "Max"):
        table.add_column(label, justify="right", no_wrap=True)
    for query in queries[:_MOST]:
        where = f"{query.fingerprint} · {query.database}" if query.database else query.fingerprint
        statement = plain(reading.shortened(query.statement)).append("\n").append(plain(where, "dim"))
        share = units.show(query.total_ms / total_ms if total_ms else 0.0, "ratio")
        times = [MISSING if ms is None else units.show(ms, "ms") for ms in (query.mean_ms, query.max_ms)]
        table.add_row(statement, f"{query.calls:,}", units.show(query.total_ms, "ms"), share, *times)
    return table


def reading_bar() -> Progress:
    """A bar of bytes read."""
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, transient=True)
