"""Two runs side by side: their metrics looked up together, laid out by endpoint and phase. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from perfkit import reading, units
from perfkit.model import Change, Judged, Metric, PhaseMark, Scope, Story
from perfkit.report import phrases
from perfkit.report.tables import Cell, Column, number

TOTAL: Final = "All endpoints"

Changes = Mapping[tuple[str, Scope], Change]


@dataclass(frozen=True, slots=True)
class Pairs:
    """The metrics of both runs by name and scope; `before` is None for a single run."""

    before: reading.Index | None
    after: reading.Index

    @property
    def runs(self) -> tuple[reading.Index, ...]:
        """The metrics of each run, those before first."""
        return (self.after,) if self.before is None else (self.before, self.after)

    def cells(self, name: str, scope: Scope) -> tuple[Cell, ...]:
        """The value before and the one after, or the only one."""
        found = (metrics.get((name, scope)) for metrics in self.runs)
        return tuple(number(reading.marked_amount(metric) if metric else phrases.MISSING) for metric in found)

    def observed(self, name: str, scope: Scope) -> str:
        """Of how many requests the metric is in each run; "" where nobody knows."""
        counts = [metric.n for metrics in self.runs if (metric := metrics.get((name, scope))) and metric.n is not None]
        return f"n = {', '.join(f'{n:,}' for n in dict.fromkeys(counts))}" if counts else ""

    def has_few(self, keys: Iterable[tuple[str, Scope]]) -> bool:
        """Whether one of the metrics is of too few requests."""
        return any(key in run and reading.is_of_few(run[key]) for key in keys for run in self.runs)

    def columns(self, label: str) -> tuple[Column, ...]:
        """The columns that hold `cells`: one for a single run, else two below their label."""
        if self.before is None:
            return (Column(label, kind="number"),)
        return (Column("Before", label, "number"), Column("After", label, "number"))

    def latest(self, name: str, scope: Scope) -> Metric | None:
        """The newest value there is: of the run after, else of the one before."""
        return self.after.get((name, scope)) or (self.before or {}).get((name, scope))


def runs_of(story: Story) -> list[tuple[str, Judged]]:
    """The runs of a story with their names: before and after, or the one there is."""
    return [("Before", story.before), ("After", story.after)] if story.before else [("Run", story.after)]


def look_of(label: str) -> str:
    """The style of a run's lines."""
    return "before" if label == "Before" else "after"


def pairs_of(story: Story) -> Pairs:
    return Pairs(reading.index(story.before.metrics) if story.before else None, reading.index(story.after.metrics))


def scopes_of(story: Story, names: Iterable[str]) -> list[Scope]:
    """The scopes in which any of the metrics was measured in either run, in the order of measuring."""
    wanted = set(names)
    metrics = (*story.after.metrics, *(story.before.metrics if story.before else ()))
    return list(dict.fromkeys(metric.scope for metric in metrics if metric.name in wanted))


def phases_of(story: Story) -> list[str]:
    """Measured phases in the order in which they ran, those of the run after first."""
    marks = (*story.after.run.phases, *(story.before.run.phases if story.before else ()))
    return list(dict.fromkeys(mark.name for mark in marks if not mark.is_warmup_only))


def changes_of(story: Story) -> Changes:
    """What changed, by metric and scope."""
    changes = story.comparison.changes if story.comparison else ()
    return {(change.metric, change.scope): change for change in changes}


def notes(*said: str) -> str:
    """What stands below a table."""
    return " ".join(filter(None, said))


def users_of(mark: PhaseMark) -> str:
    """How many users a phase had, or how many arrivals it was offered, as text; the scenario may have decided it."""
    if mark.offered_per_s is not None:
        return units.show(mark.offered_per_s, "per_s")
    if mark.users is None:
        return "users as the scenario has them"
    return f"{mark.users:,} {'user' if mark.users == 1 else 'users'}"
