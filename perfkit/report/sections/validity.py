"""Whether the measurement may be trusted: every check of each run, with what to do where one failed."""

from __future__ import annotations

from typing import Any, Final

from perfkit.model import Check, Story
from perfkit.report.pairs import runs_of
from perfkit.report.tables import Cell, Column, Table

TITLE: Final = "Can these figures be trusted?"
_COLUMNS: Final = tuple(Column(label) for label in ("Check", "Observed", "Limit", "Outcome", "What to do"))


def prepare(story: Story) -> dict[str, Any] | None:
    checked = [(label, judged.run.validity) for label, judged in runs_of(story) if judged.run.validity.checks]
    if not checked:
        return None
    failed = sum(len(validity.failed) for _, validity in checked)
    count = sum(len(validity.checks) for _, validity in checked)
    return {
        "summary": f"{failed} of {count} checks failed." if failed else f"All {count} checks hold.",
        "is_ok": not failed,
        "tables": [Table(label, _COLUMNS, tuple(_row(check) for check in it.checks)) for label, it in checked],
    }


def _row(check: Check) -> tuple[Cell, ...]:
    outcome = Cell("✓ ok", "pass") if check.is_ok else Cell("✗ failed", "fail")
    remedy = Cell("" if check.is_ok else check.remedy)
    return (Cell(check.name), Cell(check.observed), Cell(check.limit), outcome, remedy)
