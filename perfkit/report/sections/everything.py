"""Every figure that was measured: whatever a rule may ask for can be looked up here under its own name."""

from __future__ import annotations

from typing import Any, Final

from perfkit import reading
from perfkit.model import Scope, Story
from perfkit.report import pairs
from perfkit.report.tables import Cell, Column, Table, first

TITLE: Final = "All figures"
_LIMIT: Final = 500


def prepare(story: Story) -> dict[str, Any] | None:
    both = pairs.pairs_of(story)
    metrics = (*story.after.metrics, *(story.before.metrics if story.before else ()))
    keys = list(dict.fromkeys((metric.name, metric.scope) for metric in metrics))
    if not keys:
        return None
    rows, note = first([_row(both, name, scope) for name, scope in keys[: _LIMIT + 1]], _LIMIT, "figures")
    columns = (Column("Metric"), Column("Scope"), *both.columns("Value"), Column("Requests or readings", kind="number"))
    if len(keys) > _LIMIT:
        note = f"The first {_LIMIT} of {len(keys):,} figures; all are in metrics.json."
    few = reading.FEW if both.has_few(keys[:_LIMIT]) else ""
    return {"table": Table("All figures", columns, rows, pairs.notes(note, few))}


def _row(both: pairs.Pairs, name: str, scope: Scope) -> tuple[Cell, ...]:
    latest = both.latest(name, scope)
    count = f"{latest.n:,}" if latest and latest.n is not None else ""
    return (Cell(name, "key"), Cell(reading.scope_text(scope)), *both.cells(name, scope), Cell(count, "number"))
