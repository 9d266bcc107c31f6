"""Which metric stands in which cell of a plan's table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from perfkit import units
from perfkit.model import Metric, Scope, Sheet, SheetCell, SheetRow, Story, Verdict
from perfkit.reading.verdicts import Index, index, verdict_of
from perfkit.reading.words import target_text

_SCOPE_KEYS: Final = frozenset(field.name for field in fields(Scope))


@dataclass(frozen=True, slots=True)
class FilledCell:
    """A cell of a plan's table with what was measured. `before` and `after` are None where nothing was."""

    column: str
    documented: str | None
    target: str | None
    before: Metric | None
    after: Metric | None
    before_verdict: Verdict | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class FilledRow:
    name: str
    priority: str | None
    cells: tuple[FilledCell, ...]


def fill(sheet: Sheet, story: Story) -> tuple[FilledRow, ...]:
    """The rows of a plan's table with the measured values and the verdict of each cell."""
    before = index(story.before.metrics) if story.before else {}
    after = index(story.after.metrics)
    return tuple(
        FilledRow(
            name=row.name,
            priority=row.priority,
            cells=tuple(
                _fill_cell(cell, column, story, before, after) for cell, column in _with_columns(row, sheet.columns)
            ),
        )
        for row in sheet.rows
    )


def _with_columns(row: SheetRow, columns: tuple[str, ...]) -> list[tuple[SheetCell, str]]:
    labels = [*(columns if len(columns) > 1 else ("",)), *[""] * len(row.cells)]  # a lone column needs no name
    return list(zip(row.cells, labels, strict=False))


def _fill_cell(cell: SheetCell, column: str, story: Story, before: Index, after: Index) -> FilledCell:
    verdict = verdict_of(story.after, cell.expectation)
    earlier = verdict_of(story.before, cell.expectation)
    return FilledCell(
        column=column,
        documented=cell.documented or None,
        target=target_text(cell.expectation) if cell.expectation else None,
        before=_observed(cell, earlier, before),
        after=_observed(cell, verdict, after),
        before_verdict=earlier,
        verdict=verdict,
    )


def _observed(cell: SheetCell, verdict: Verdict | None, metrics: Index) -> Metric | None:
    if verdict is not None:
        return verdict.observed
    if not set(cell.select) <= _SCOPE_KEYS:
        return None
    scope = Scope(**cell.select)
    names = (cell.metric, *(f"{cell.metric}_{suffix}" for suffix in units.SUFFIXES))  # people leave the unit out
    return next((metrics[name, scope] for name in names if (name, scope) in metrics), None)
