"""Add executions up to captured queries, in bounded memory. Knows counts and times; knows no log and no server."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from perfkit.model import CapturedQuery, ParameterSet, PhaseMark
from perfkit.queries.durations import Values
from perfkit.queries.fingerprint import fingerprint

MAX_FINGERPRINTS: Final = 1_000
MAX_STATEMENT_CHARACTERS: Final = 100_000
MAX_EXAMPLE_CHARACTERS: Final = 20_000
MAX_SETS: Final = 5
_MAX_COUNTED: Final = 256
_MAX_SAMPLED: Final = 64

# A statement that is too long to keep ends in a comment that is never closed: whoever runs it gets a syntax error, and
# not the plan of another statement.
_CUT: Final = " /* cut here: perfkit keeps only the beginning of a long statement"


@dataclass(frozen=True, slots=True)
class Example:
    """One execution: the statement with the values that it was run with; `values` is None where they are not known."""

    sql: str
    values: Values | None
    duration_ms: float

    @property
    def characters(self) -> int:
        return len(self.sql) + sum(len(value or "") for value in self.values or ())


@dataclass(slots=True)
class _Shape:
    """What is known of one fingerprint."""

    slowest: Example
    database: str | None
    query_id: str | None = None
    calls: int = 0
    total_ms: float = 0.0
    phases: Counter[str] = field(default_factory=Counter)
    counted: dict[tuple[str, Values], list[float]] = field(default_factory=dict)
    sampled: list[Example] = field(default_factory=list)


class Tally:
    """Executions by fingerprint. Of each it keeps a few examples: a sample of fixed size and the slowest."""

    def __init__(self, phases: Sequence[PhaseMark] = ()) -> None:
        self._phases = [phase for phase in phases if not phase.is_warmup_only]
        self._has_phases = bool(phases)
        self._shapes: dict[str, _Shape] = {}
        self._random = random.Random(0)  # noqa: S311 — picks examples, no secrets; seeded, so that a log reads the same
        self.calls_outside_phases = 0
        self.calls_beyond_limit = 0

    def add(self, example: Example, started_at: float, database: str | None, query_id: str | None) -> None:
        """Count one execution that began at `started_at` (unix seconds, the clock of the phases)."""
        phase = next((p.name for p in self._phases if p.measured_at <= started_at < p.ended_at), None)
        if phase is None and self._has_phases:
            self.calls_outside_phases += 1
            return
        shape = self._shape_of(example, database)
        if shape is None:
            self.calls_beyond_limit += 1
            return
        shape.calls += 1
        shape.total_ms += example.duration_ms
        shape.query_id = shape.query_id or query_id
        if phase is not None:
            shape.phases[phase] += 1
        self._keep(shape, example)

    def _shape_of(self, example: Example, database: str | None) -> _Shape | None:
        key = fingerprint(example.sql)
        if key not in self._shapes:
            if len(self._shapes) >= MAX_FINGERPRINTS:
                return None
            self._shapes[key] = _Shape(slowest=_shortened(example), database=database)
        return self._shapes[key]

    def _keep(self, shape: _Shape, example: Example) -> None:
        if example.duration_ms > shape.slowest.duration_ms:
            shape.slowest = _shortened(example)
        if example.values is None or example.characters > MAX_EXAMPLE_CHARACTERS:
            return
        key = (example.sql, example.values)
        if key in shape.counted or len(shape.counted) < _MAX_COUNTED:
            seen = shape.counted.setdefault(key, [0, 0.0])
            seen[0] += 1
            seen[1] = max(seen[1], example.duration_ms)
        if len(shape.sampled) < _MAX_SAMPLED:
            shape.sampled.append(example)
        elif (place := self._random.randrange(shape.calls)) < _MAX_SAMPLED:
            shape.sampled[place] = example

    def queries(self) -> tuple[CapturedQuery, ...]:
        """The captured queries, the largest total time first."""
        found = [_captured(key, shape) for key, shape in self._shapes.items()]
        return tuple(sorted(found, key=lambda query: query.total_ms, reverse=True))


def _shortened(example: Example) -> Example:
    if example.characters <= MAX_STATEMENT_CHARACTERS:
        return example
    is_cut = len(example.sql) > MAX_STATEMENT_CHARACTERS
    return Example(example.sql[:MAX_STATEMENT_CHARACTERS] + _CUT * is_cut, None, example.duration_ms)


def _captured(key: str, shape: _Shape) -> CapturedQuery:
    return CapturedQuery(
        fingerprint=key,
        statement=shape.slowest.sql,
        calls=shape.calls,
        total_ms=shape.total_ms,
        mean_ms=shape.total_ms / shape.calls,
        max_ms=shape.slowest.duration_ms,
        parameter_sets=_parameter_sets(shape),
        phases=dict(shape.phases),
        query_id=shape.query_id,
        database=shape.database,
    )


def _parameter_sets(shape: _Shape) -> tuple[ParameterSet, ...]:
    """The slowest, the most frequent, the median, the rarest, the fastest, each once; only of the statement kept.

    Statements of one shape may differ in the values written into them, and values belong to the text they came with.
    """
    sql = shape.slowest.sql
    counted = [
        (seen[0], Example(text, values, seen[1])) for (text, values), seen in shape.counted.items() if text == sql
    ]
    by_count = [example for _, example in sorted(counted, key=lambda pair: pair[0])]
    by_time = sorted((example for example in shape.sampled if example.sql == sql), key=lambda one: one.duration_ms)
    wanted = [shape.slowest, *by_count[-1:], *by_time[len(by_time) // 2 :][:1], *by_count[:1], *by_time[:1]]
    return tuple(_once(example for example in wanted if example.values is not None))[:MAX_SETS]


def _once(examples: Iterable[Example]) -> list[ParameterSet]:
    found: dict[Values, ParameterSet] = {}
    for example in examples:
        if example.values is not None and example.values not in found:
            found[example.values] = ParameterSet(example.values, example.duration_ms)
    return list(found.values())
