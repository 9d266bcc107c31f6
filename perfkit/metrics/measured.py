"""What was measured in a run, grouped once for all families. Knows phases, warm-up and windows; no metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from perfkit.metrics.facts import Facts, facts_of
from perfkit.model import CapturedQuery, PhaseMark, Run, Scope, Trace
from perfkit.recorded.chunks import Part
from perfkit.recorded.readings import NO_READINGS, Readings, Series, concatenated
from perfkit.recorded.requests import Requests


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """The requests of one endpoint in one phase (of all endpoints: None), and how long they were measured."""

    scope: Scope
    seconds: float
    facts: Facts

    @property
    def phase(self) -> str:
        return self.scope.phase or ""

    @property
    def endpoint(self) -> str | None:
        return self.scope.endpoint


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A run, or one window of it, without warm-up.

    `phases` are the measured ones, cut to the window; `marks` all phases as they ran. `queries` is None where nobody
    looked for slow SQL.
    """

    phases: tuple[PhaseMark, ...]
    marks: tuple[PhaseMark, ...]
    cells: tuple[Cell, ...]
    samples: Series
    queries: tuple[CapturedQuery, ...] | None
    trace: Trace | None = None

    def during(self, source: str, metric: str) -> list[tuple[str | None, Readings]]:
        """(phase, readings) of each measured phase that has any, and (None, those of all phases)."""
        readings = self.samples.get((source, metric), NO_READINGS)
        parts = [(mark.name, readings.between(mark.measured_at, mark.ended_at)) for mark in self.phases]
        found: list[tuple[str | None, Readings]] = [(name, part) for name, part in parts if len(part)]
        if not found:
            return []
        return [*found, (None, concatenated([part for _, part in found]))]


@lru_cache(maxsize=2)
def _cells(run: Run) -> tuple[Cell, ...]:
    """Kept for the last two runs, as metrics, windows and distributions of both sides are all asked for in turn."""
    marks = [mark for mark in run.record.phases if not mark.is_warmup_only]
    return tuple(cell for mark in marks for cell in _cells_of(run.requests, run.requests.part(mark.name), mark))


def _cells_of(requests: Requests, part: Part, mark: PhaseMark, endpoints: Sequence[str] = ()) -> Iterator[Cell]:
    """The total first, then the endpoints: those that occur, and of those that are named also the others."""
    seconds = max(mark.ended_at - mark.measured_at, 0.0)
    facts = facts_of(requests, part)
    nothing = Facts()
    for endpoint in (None, *(endpoints or [name for name in facts if name is not None])):
        yield Cell(Scope(endpoint=endpoint, phase=mark.name), seconds, facts.get(endpoint, nothing))


def measured_of(run: Run) -> Measured:
    """The measured part of a run."""
    return Measured(
        phases=tuple(mark for mark in run.record.phases if not mark.is_warmup_only),
        marks=run.record.phases,
        cells=_cells(run),
        samples=run.samples.series,
        queries=run.queries if _was_captured(run) else None,
        trace=run.trace,
    )


def _was_captured(run: Run) -> bool:
    """No slow query is a fact only where somebody looked until the end."""
    database = run.record.config.get("database") or {}
    return bool(run.queries) or (database.get("capture", "off") != "off" and run.record.status == "complete")


def windows_of(run: Run, window_s: float) -> Iterator[Measured]:
    """Each measured phase cut, from its `measured_at`, into whole windows; what is left at its end is in none.

    A request is in the window in which it was meant to start. Slow SQL carries no time, so windows have none.
    """
    for mark in measured_of(run).phases:
        yield from _cut(run, mark, window_s)


def blocks_of(run: Run, longest_s: float, at_least: int, at_most: int) -> Iterator[Measured]:
    """As windows_of, with a length for each phase: `longest_s`, or less so that there are `at_least` windows, or more
    so that there are `at_most`.
    """
    for mark in measured_of(run).phases:
        seconds = mark.ended_at - mark.measured_at
        if seconds > 0:
            yield from _cut(run, mark, max(min(longest_s, seconds / at_least), seconds / at_most))


def _cut(run: Run, mark: PhaseMark, window_s: float) -> Iterator[Measured]:
    start, end = mark.measured_at, mark.ended_at
    count = int((end - start) / window_s + 1e-6)  # unix seconds carry about 1e-7 s of rounding
    endpoints = [cell.endpoint for cell in _cells(run) if cell.phase == mark.name and cell.endpoint is not None]
    edges = start + np.arange(count + 1, dtype=np.float64) * window_s
    for number, part in enumerate(run.requests.cut(edges, mark.name)):
        opens, closes = float(edges[number]), float(edges[number + 1])
        inside = replace(mark, started_at=opens, measured_at=opens, ended_at=closes, arrivals=None)
        yield Measured(
            phases=(inside,),
            marks=(inside,),
            cells=tuple(_cells_of(run.requests, part, inside, endpoints)),
            samples={key: readings.between(opens, closes) for key, readings in run.samples.series.items()},
            queries=None,
        )
