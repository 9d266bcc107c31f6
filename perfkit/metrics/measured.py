"""What was measured in a run, grouped once for all families. Knows phases, warm-up and windows; no metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd

from perfkit.metrics.rows import Codes, Floats, Mask, Rows, Words, rows_of, words_of
from perfkit.model import CapturedQuery, PhaseMark, Run, Scope, Trace


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """The requests of one endpoint in one phase (of all endpoints: None), and how long they were measured."""

    phase: str
    endpoint: str | None
    seconds: float
    rows: Rows

    @property
    def scope(self) -> Scope:
        return Scope(endpoint=self.endpoint, phase=self.phase)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What one sampler read of one thing, in order of time (unix seconds)."""

    at: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.at)

    def between(self, start: float, end: float) -> Readings:
        """Those from `start` to `end`, both included."""
        chosen = slice(np.searchsorted(self.at, start), np.searchsorted(self.at, end, side="right"))
        return Readings(self.at[chosen], self.values[chosen])


NO_READINGS = Readings(np.empty(0), np.empty(0))
Samples = Mapping[tuple[str, str], Readings]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A run, or one window of it, without warm-up.

    `phases` are the measured ones, cut to the window; `marks` all phases as they ran. `queries` is None where nobody
    looked for slow SQL.
    """

    phases: tuple[PhaseMark, ...]
    marks: tuple[PhaseMark, ...]
    cells: tuple[Cell, ...]
    samples: Samples
    queries: tuple[CapturedQuery, ...] | None
    trace: Trace | None = None

    def during(self, source: str, metric: str) -> list[tuple[str | None, Readings]]:
        """(phase, readings) of each measured phase that has any, and (None, those of all phases)."""
        readings = self.samples.get((source, metric), NO_READINGS)
        parts = [(mark.name, readings.between(mark.measured_at, mark.ended_at)) for mark in self.phases]
        found: list[tuple[str | None, Readings]] = [(name, part) for name, part in parts if len(part)]
        if not found:
            return []
        at, values = (np.concatenate([getattr(part, name) for _, part in found]) for name in ("at", "values"))
        return [*found, (None, Readings(at, values))]


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The measured rows of one phase, ordered by endpoint."""

    mark: PhaseMark
    rows: Rows
    endpoint: Words

    def cells(self) -> Iterator[Cell]:
        """The total first, then the endpoints."""
        seconds = max(self.mark.ended_at - self.mark.measured_at, 0.0)
        yield Cell(self.mark.name, None, seconds, self.rows)
        edges = np.searchsorted(self.endpoint.codes, np.arange(len(self.endpoint.words) + 1))
        for name, (start, end) in zip(self.endpoint.words, pairwise(edges), strict=True):
            yield Cell(self.mark.name, name, seconds, self.rows[start:end])

    def __getitem__(self, chosen: Codes | slice) -> _Block:
        return _Block(self.mark, self.rows[chosen], self.endpoint[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class _Grouped:
    blocks: tuple[_Block, ...]
    samples: Samples


@lru_cache(maxsize=2)
def _group(run: Run) -> _Grouped:
    """Kept for the last two runs, as metrics, windows and distributions of both sides are all asked for in turn."""
    requests = run.requests
    marks = [mark for mark in run.record.phases if not mark.is_warmup_only]
    phase, endpoint = words_of(requests["phase"]), words_of(requests["endpoint"])
    is_measured = ~requests["is_warmup"].to_numpy(dtype=bool)
    order = _order(phase, endpoint, is_measured)
    phase, endpoint, rows = phase[order], endpoint[order], rows_of(requests)[order]
    blocks = []
    for mark in marks:
        code = phase.words.index(mark.name) if mark.name in phase.words else len(phase.words)
        chosen = slice(*np.searchsorted(phase.codes, [code, code + 1]))
        blocks.append(_Block(mark, rows[chosen], _packed(endpoint[chosen])))
    return _Grouped(tuple(blocks), _samples(run.samples))


def _order(phase: Words, endpoint: Words, is_measured: Mask) -> Codes:
    """Positions of the measured rows, by phase, then endpoint, then as they were."""
    chosen = np.flatnonzero(is_measured & (phase.codes >= 0) & (endpoint.codes >= 0))
    key = phase.codes[chosen] * len(endpoint.words) + endpoint.codes[chosen]
    smallest = np.min_scalar_type(len(phase.words) * len(endpoint.words))  # 16 bits and less are sorted by radix
    return chosen[np.argsort(key.astype(smallest), kind="stable")]


def _packed(endpoint: Words) -> Words:
    """With the words that occur only, so that a phase has no cell of an endpoint that it never called."""
    present, codes = np.unique(endpoint.codes, return_inverse=True)
    return Words(codes, tuple(endpoint.words[code] for code in present))


def _samples(samples: pd.DataFrame) -> Samples:
    groups = samples.sort_values("at", kind="stable").groupby(["source", "metric"], observed=True)
    return {
        (str(source), str(metric)): Readings(
            group["at"].to_numpy(dtype=np.float64), group["value"].to_numpy(dtype=np.float64)
        )
        for (source, metric), group in groups
    }


def measured_of(run: Run) -> Measured:
    """The measured part of a run."""
    grouped = _group(run)
    return Measured(
        phases=tuple(block.mark for block in grouped.blocks),
        marks=run.record.phases,
        cells=tuple(cell for block in grouped.blocks for cell in block.cells()),
        samples=grouped.samples,
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
    for block in _group(run).blocks:
        yield from _cut(block, window_s, _group(run).samples)


def blocks_of(run: Run, longest_s: float, at_least: int) -> Iterator[Measured]:
    """As windows_of, with a length for each phase: `longest_s`, or less so that there are `at_least` windows."""
    for block in _group(run).blocks:
        seconds = block.mark.ended_at - block.mark.measured_at
        if seconds > 0:
            yield from _cut(block, min(longest_s, seconds / at_least), _group(run).samples)


def _cut(block: _Block, window_s: float, samples: Samples) -> Iterator[Measured]:
    start, end = block.mark.measured_at, block.mark.ended_at
    count = int((end - start) / window_s + 1e-6)  # unix seconds carry about 1e-7 s of rounding
    position = np.floor((block.rows.intended_at - start) / window_s)
    inside = np.flatnonzero((position >= 0) & (position < count))
    order = inside[np.argsort(position[inside], kind="stable")]
    ordered = block[order]
    edges = np.searchsorted(position[order], np.arange(count + 1))
    for number in range(count):
        opens, closes = start + number * window_s, start + (number + 1) * window_s
        mark = replace(block.mark, started_at=opens, measured_at=opens, ended_at=closes, arrivals=None)
        part = ordered[edges[number] : edges[number + 1]]
        yield Measured(
            phases=(mark,),
            marks=(mark,),
            cells=tuple(replace(part, mark=mark).cells()),
            samples={key: readings.between(opens, closes) for key, readings in samples.items()},
            queries=None,
        )
