"""What the target and its machine used: memory, heap, CPU and load, over the whole run and in each phase."""

from __future__ import annotations

from typing import Any, Final

from perfkit import units
from perfkit.model import Scope, Story
from perfkit.report import pairs
from perfkit.report.tables import Cell, Column, Table

TITLE: Final = "Memory, CPU and system"
_FAMILIES: Final = ("memory.", "heap.", "cpu.", "process.", "cgroup.", "system.")


def prepare(story: Story) -> dict[str, Any] | None:
    both = pairs.pairs_of(story)
    names = dict.fromkeys(name for metrics in both.runs for name, _ in metrics if name.startswith(_FAMILIES))
    scopes = {name: pairs.scopes_of(story, [name]) for name in names}
    if not scopes:
        return None
    measured = {scope.phase for found in scopes.values() for scope in found}
    phases = [phase for phase in (None, *pairs.phases_of(story)) if phase in measured]
    rows = [(name, process) for name in names for process in dict.fromkeys(scope.process for scope in scopes[name])]
    columns = (Column("Figure"), *(it for phase in phases for it in both.columns(phase or "Whole run")))
    return {"table": Table("Memory, CPU and system", columns, tuple(_row(both, *row, phases) for row in rows))}


def _row(both: pairs.Pairs, name: str, process: str | None, phases: list[str | None]) -> tuple[Cell, ...]:
    figures = (cell for phase in phases for cell in both.cells(name, Scope(phase=phase, process=process)))
    return (Cell(units.stem_of(name), "", process or ""), *figures)
