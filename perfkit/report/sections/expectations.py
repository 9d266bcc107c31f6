"""Every rule that was set, with what was observed; what does not hold comes first."""

from __future__ import annotations

from typing import Any, Final

from perfkit import reading
from perfkit.model import Metric, Story, Verdict
from perfkit.report import phrases
from perfkit.report.sections.sheets import verdict_cell
from perfkit.report.tables import Cell, Column, Table, number

TITLE: Final = "Expectations"


def prepare(story: Story) -> dict[str, Any] | None:
    verdicts = sorted(story.after.verdicts, key=lambda verdict: not reading.is_failing(verdict))
    if not verdicts:
        return None
    measured = ["Before", "After"] if story.before else ["Measured"]
    labels = ("Rule", *measured, "Verdict", "Priority", "Milestone")
    columns = tuple(Column(label, kind="number" if label in measured else "") for label in labels)
    return {"table": Table("All expectations", columns, tuple(_row(verdict, story) for verdict in verdicts))}


def _row(verdict: Verdict, story: Story) -> tuple[Cell, ...]:
    rule = Cell(verdict.expectation.that, "rule", verdict.message if verdict.outcome != "pass" else "")
    earlier = reading.verdict_of(story.before, verdict.expectation)
    before = [_observed(earlier.observed if earlier else None)] if story.before else []
    asked = verdict.expectation
    return (
        rule,
        *before,
        _observed(verdict.observed),
        verdict_cell(verdict),
        Cell(asked.priority or "", f"priority {asked.priority or ''}"),
        Cell(asked.milestone or ""),
    )


def _observed(metric: Metric | None) -> Cell:
    count = f"n = {metric.n:,}" if metric and metric.n is not None else ""
    return number(phrases.value(metric, reading.UNMEASURED), count)
