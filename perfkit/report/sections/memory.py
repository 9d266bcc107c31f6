"""What the target and its machine used: memory, heap, CPU, load; with the change from before to after."""

from __future__ import annotations

from typing import Any, Final

from perfkit import units
from perfkit.model import Scope, Story
from perfkit.report import pairs, phrases
from perfkit.report.tables import Cell, Column, Table

TITLE: Final = "Memory, CPU and system"
_FAMILIES: Final = ("memory.", "heap.", "cpu.", "system.")


def prepare(story: Story) -> dict[str, Any] | None:
    both = pairs.pairs_of(story)
    metrics = (*story.after.metrics, *(story.before.metrics if story.before else ()))
    names = dict.fromkeys(metric.name for metric in metrics if metric.name.startswith(_FAMILIES))
    rows = [(name, scope) for name in names for scope in pairs.scopes_of(story, [name])]
    if not rows:
        return None
    changes = pairs.changes_of(story)
    columns = [Column("Figure"), Column("Phase"), *both.columns("Value")]
    if changes:
        columns.append(Column("Change"))
    table = Table("Memory, CPU and system", tuple(columns), tuple(_row(both, *row, changes) for row in rows))
    return {"table": table}


def _row(both: pairs.Pairs, name: str, scope: Scope, changes: pairs.Changes) -> tuple[Cell, ...]:
    where = ", ".join(part for part in (scope.phase or "whole run", scope.process) if part)
    change = changes.get((name, scope))
    told = [Cell(f"{phrases.change(change)} · {change.direction}", change.direction)] if change else [Cell("")]
    return (Cell(units.stem_of(name)), Cell(where), *both.cells(name, scope), *(told if changes else []))
