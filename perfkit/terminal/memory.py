"""Processes while they are watched: a line of figures and of bars for each thing that is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from perfkit import units
from perfkit.terminal.text import new_table, plain

_BARS: Final = "▁▂▃▄▅▆▇█"
_KEPT: Final = 240
_LABELS: Final = {
    "anon_bytes": "memory",
    "rss_bytes": "resident",
    "heap_used_bytes": "heap",
    "heap_external_bytes": "heap, external",
    "heap_blocks_count": "heap, blocks",
    "cpu_ratio": "CPU",
    "threads_count": "threads",
    "fds_count": "open files",
    "sockets_count": "sockets",
}


class MemoryView:
    """What a live display draws: for each figure its value now, its range, and how it went."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seconds = 0.0
        self._values: dict[str, deque[float]] = {}

    def update(self, seconds: float, reading: Mapping[str, float]) -> None:
        self._seconds = seconds
        for name, value in reading.items():
            if name in _LABELS:
                self._values.setdefault(name, deque(maxlen=_KEPT)).append(value)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = new_table(f"{self._what}, {units.show(self._seconds, 's')}")
        table.add_column("", no_wrap=True)
        for label in ("now", "least", "greatest"):
            table.add_column(label, justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        for name, values in self._values.items():
            shown = [units.show_metric(name, value) for value in (values[-1], min(values), max(values))]
            table.add_row(_LABELS[name], *shown, bars(list(values)[-max(options.max_width - 56, 8) :]))
        yield table


def bars(values: list[float]) -> str:
    """One bar a value, from the least (lowest) to the greatest (highest); level where nothing changed."""
    low, high = min(values), max(values)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((value - low) * scale)] for value in values)


def memory_line(seconds: float, reading: Mapping[str, float]) -> str:
    """The same on one line of plain text."""
    told = (f"{_LABELS[name]} {units.show_metric(name, value)}" for name, value in reading.items() if name in _LABELS)
    return f"after {_since(seconds)}: {', '.join(told)}"


def _since(seconds: float) -> str:
    """A time since the start, which no reader takes for a latency."""
    return f"{seconds:.1f} s" if seconds < 60 else units.show(seconds, "s")


def memory_table(what: str, ranges: Mapping[str, tuple[float, float, float, float]]) -> Table:
    """At the end: first, last, least and greatest of each figure."""
    table = new_table(what)
    table.add_column("", no_wrap=True)
    for label in ("first", "last", "least", "greatest"):
        table.add_column(label, justify="right", no_wrap=True)
    for name, values in ranges.items():
        label = _LABELS.get(name, units.stem_of(name).replace("_", " "))
        table.add_row(plain(label), *(Text(units.show_metric(name, value)) for value in values))
    return table
