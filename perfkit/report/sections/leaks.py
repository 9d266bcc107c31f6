"""What leaks, by equal rounds of load: the verdict on each resource, how fast it grew, and its readings at rest."""

from __future__ import annotations

from typing import Any, Final

from perfkit import leak_lines, units
from perfkit.model import Judged, LeakChange, LeakVerdict, Story
from perfkit.report import pairs
from perfkit.report.tables import Cell, Column, Table, number

TITLE: Final = "Leaks"
_CAPTION: Final = "What was left at rest after equal rounds of load; a cache that is still filling looks like a leak"
_CHANGED: Final = "Leaks before and after: growth in 10,000 requests"
_GROWN: Final = "What the heap held more of after the rounds"
_LOOKS: Final = {"LEAK": "fail", "OK": "pass", "RETAINED": "", "INCONCLUSIVE": "unmeasured"}


def prepare(story: Story) -> dict[str, Any] | None:
    """None where nobody looked for leaks."""
    found = [(label, leak) for label, judged in pairs.runs_of(story) for leak in judged.leaks]
    if not found:
        return None
    has_runs = story.before is not None
    labels = (["Run"] if has_runs else []) + ["Phase", "Resource", "Verdict", "Growth", "An hour", "At rest", "Because"]
    rows = tuple(_row(label, leak, has_runs=has_runs) for label, leak in found)
    verdicts = Table(_CAPTION, tuple(map(Column, labels)), rows)
    return {
        "tables": [
            *_changes(story),
            verdicts,
            *(
                _held(label if has_runs else "", judged)
                for label, judged in pairs.runs_of(story)
                if leak_lines.grown(judged)
            ),
        ]
    }


def _changes(story: Story) -> list[Table]:
    leaks = story.comparison.leaks if story.comparison else ()
    if not leaks:
        return []
    columns = (
        *map(Column, ("Phase", "Resource")),
        *(Column(side, "Verdict") for side in ("Before", "After")),
        *(Column(side, "Growth", "number") for side in ("Before", "After")),
        Column("Change", kind="change"),
        Column("Because"),
    )
    return [Table(_CHANGED, columns, tuple(map(_change, leaks)))]


def _change(it: LeakChange) -> tuple[Cell, ...]:
    told = leak_lines.change(it)
    because = it.change.message if it.change.is_gating else f"{it.change.message}; does not gate"
    return (
        Cell(it.phase),
        Cell(told.resource),
        *(Cell(outcome, _LOOKS.get(outcome, "")) for outcome in told.outcomes),
        *(number(growth, interval) for growth, interval in zip(told.growth, told.intervals, strict=True)),
        Cell(it.change.direction, f"change {it.change.direction}", told.difference),
        Cell(because),
    )


def _held(label: str, judged: Judged) -> Table:
    columns = (
        Column("Constructor, type or class"),
        Column("More of them", kind="number"),
        Column("Their own bytes", kind="number"),
    )
    rows = tuple(
        (Cell(one.constructor), number(f"{one.count:,}"), number(units.show(one.bytes, "bytes")))
        for one in leak_lines.grown(judged)
    )
    return Table(f"{_GROWN}{f', {label.lower()}' if label else ''}", columns, rows)


def _row(label: str, leak: LeakVerdict, *, has_runs: bool) -> tuple[Cell, ...]:
    told = leak_lines.leak(leak)
    cells = [
        Cell(leak.phase),
        Cell(told.resource),
        Cell(leak.outcome, _LOOKS[leak.outcome], "low confidence" if leak.confidence == "low" else ""),
        number(told.growth, told.interval),
        number(told.per_hour, told.limit),
        Cell(told.at_rest),
        Cell(leak.reason),
    ]
    return (*([Cell(label)] if has_runs else []), *cells)
