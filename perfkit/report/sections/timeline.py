"""What happened when: rate, latency, errors, memory and CPU of each run over the same time, with the phases behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from markupsafe import Markup

from perfkit import units
from perfkit.model import Story, Timeline
from perfkit.report import axes, phrases
from perfkit.report.charts import Band, Points, Series, plot
from perfkit.report.pairs import look_of, runs_of
from perfkit.report.tables import Cell, Column, Table, number

TITLE: Final = "Timeline"
_ROWS: Final = 60


@dataclass(frozen=True, slots=True)
class _Panel:
    """One chart of a run: its lines as (label, look, points), on an axis that both runs share."""

    title: str
    suffix: str
    lines: Callable[[Timeline], list[tuple[str, str, Points]]]
    is_log: bool = False


_PANELS: Final = (
    _Panel(
        "Requests and errors a second",
        "per_s",
        lambda line: [
            ("requests", "after", _zip(line.at_s, line.requests_per_s)),
            ("errors", "errors", _zip(line.at_s, line.errors_per_s)),
        ],
    ),
    _Panel(
        "Latency: median and p95",
        "ms",
        lambda line: [("p50", "after", _zip(line.at_s, line.p50_ms)), ("p95", "thin", _zip(line.at_s, line.p95_ms))],
        is_log=True,
    ),
    _Panel("Memory of the target", "bytes", lambda line: [("memory", "after", line.memory_bytes)]),
    _Panel("CPU of the target, 100% is one core", "ratio", lambda line: [("CPU", "after", line.cpu_ratio)]),
)


def prepare(story: Story) -> dict[str, Any] | None:
    lines = [(label, judged.timeline) for label, judged in runs_of(story) if judged.timeline.at_s]
    if not lines:
        return None
    x = axes.seconds(max(_end(line) for _, line in lines), phrases.clock)
    rows = [_charts(panel, lines, x) for panel in _PANELS]
    tables = [(label, _table(line)) for label, line in lines]
    return {"rows": [row for row in rows if row], "tables": tables, "is_compared": len(lines) > 1}


def _zip(at: Sequence[float], values: Sequence[float | None]) -> Points:
    """Points of a line; what is no number breaks it."""
    return [
        (when, value if value is not None and math.isfinite(value) else None)
        for when, value in zip(at, values, strict=False)
    ]


def _end(line: Timeline) -> float:
    return max(chain(line.at_s, (at for at, _ in line.memory_bytes), (end for _, _, end in line.phases)))


def _charts(panel: _Panel, lines: list[tuple[str, Timeline]], x: axes.Axis) -> list[tuple[str, str, Markup]]:
    """The same panel of each run, on one scale, so that they can be compared by eye."""
    values = [
        value for _, line in lines for *_, points in panel.lines(line) for _, value in points if value is not None
    ]
    if not values:
        return []
    y = (axes.logarithmic if panel.is_log else axes.linear)(values, lambda value: phrases.tick(value, panel.suffix))
    return [(_heading(panel, label, lines), look_of(label), _chart(panel, line, x, y)) for label, line in lines]


def _heading(panel: _Panel, label: str, lines: list[tuple[str, Timeline]]) -> str:
    return f"{panel.title} · {label.lower()}" if len(lines) > 1 else panel.title


def _chart(panel: _Panel, line: Timeline, x: axes.Axis, y: axes.Axis) -> Markup:
    series = [Series(label, points, look) for label, look, points in panel.lines(line)]
    return plot(panel.title, series, x, y, bands=[Band(*phase) for phase in line.phases], tall=120)


def _table(line: Timeline) -> Table:
    """Every so manieth bucket, as a table of thousands of rows helps nobody; the readings are the last before it."""
    step = -(-len(line.at_s) // _ROWS)
    picked = range(0, len(line.at_s), step)
    labels = ("Time", "Requests", "p50", "p95", "Errors", "Memory", "CPU")
    columns = tuple(Column(label, kind="number") for label in labels)
    note = f"Every {step}th of {len(line.at_s):,} rows." if step > 1 else ""
    return Table("", columns, tuple(_row(line, position) for position in picked), note)


def _row(line: Timeline, position: int) -> tuple[Cell, ...]:
    at = line.at_s[position]
    values = (
        (_at(line.requests_per_s, position), "per_s"),
        (_at(line.p50_ms, position), "ms"),
        (_at(line.p95_ms, position), "ms"),
        (_at(line.errors_per_s, position), "per_s"),
        (_before(line.memory_bytes, at), "bytes"),
        (_before(line.cpu_ratio, at), "ratio"),
    )
    shown = (number(phrases.MISSING if value is None else units.show(value, suffix)) for value, suffix in values)
    return (Cell(phrases.clock(at)), *shown)


def _at(values: Sequence[float | None], position: int) -> float | None:
    return values[position] if position < len(values) else None


def _before(readings: Iterable[tuple[float, float]], at: float) -> float | None:
    earlier = [value for when, value in readings if when <= at]
    return earlier[-1] if earlier else None
