"""The plans' own tables: what each documented and asked for, what was measured, and whether that is enough."""

from __future__ import annotations

from typing import Any, Final

from perfkit import reading
from perfkit.model import Sheet, Story, Verdict
from perfkit.report import phrases
from perfkit.report.tables import Cell, Column, Table, number

TITLE: Final = "Targets of the plan"


def prepare(story: Story) -> dict[str, Any] | None:
    if not story.sheets:
        return None
    return {"tables": [(_table(sheet, story), sheet.source or "") for sheet in story.sheets]}


def _table(sheet: Sheet, story: Story) -> Table:
    rows = reading.fill(sheet, story)
    width = max((len(row.cells) for row in rows), default=0)
    named = list(sheet.columns) if len(sheet.columns) > 1 else []
    labels = named + [""] * (width - len(named))
    columns = [Column(sheet.header), *(column for label in labels for column in _columns(label, story))]
    has_priority = any(row.priority for row in rows)
    if has_priority:
        columns.append(Column("Priority"))
    return Table(
        caption=sheet.title,
        columns=tuple(columns),
        rows=tuple(_row(row, story, len(labels), has_priority=has_priority) for row in rows),
    )


def _columns(label: str, story: Story) -> list[Column]:
    measured = ["Before", "After"] if story.before else ["Measured"]
    figures = [Column(name, label, "number") for name in ("Documented", "Target", *measured)]
    return [*figures, Column("Verdict", label)]


def _row(row: reading.FilledRow, story: Story, width: int, *, has_priority: bool) -> tuple[Cell, ...]:
    cells = [cell for filled in row.cells for cell in _cells(filled, has_before=story.before is not None)]
    blank = [Cell("")] * (width - len(row.cells)) * (5 if story.before else 4)
    priority = [Cell(row.priority or "", f"priority {row.priority or ''}")] if has_priority else []
    return (Cell(row.name), *cells, *blank, *priority)


def _cells(filled: reading.FilledCell, *, has_before: bool) -> list[Cell]:
    before = number(phrases.value(filled.before, reading.UNMEASURED))
    after = Cell(phrases.value(filled.after, reading.UNMEASURED), f"number measured {_outcome(filled.verdict)}")
    documented = number(filled.documented or phrases.MISSING)
    target = number(filled.target or phrases.MISSING)
    return [documented, target, *([before] if has_before else []), after, verdict_cell(filled.verdict)]


def _outcome(verdict: Verdict | None) -> str:
    return verdict.outcome if verdict else ""


def verdict_cell(verdict: Verdict | None) -> Cell:
    """A verdict as a mark and a word, so that colour is not all that tells it."""
    if verdict is None:
        return Cell("no target", "none")
    return Cell(reading.marked(verdict.outcome), verdict.outcome)
