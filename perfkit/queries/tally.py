"""Add executions up to captured queries, in bounded memory. Knows counts and times; knows no log and no server."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from perfkit.model import CapturedQuery, ParameterSet, PhaseMark
from perfkit.queries.durations import Values
from perfkit.queries.methods import Fingerprinter, Method, choose
from perfkit.queries.tags import Tags, tags_of

MAX_FINGERPRINTS: Final = 1_000
MAX_STATEMENT_CHARACTERS: Final = 100_000
MAX_EXAMPLE_CHARACTERS: Final = 20_000
MAX_SETS: Final = 5
_MAX_COUNTED: Final = 256
_MAX_SAMPLED: Final = 64
_MAX_TAG_VALUES: Final = 50

# What all examples together may hold, and what one shape always may; the second is what the first leaves to the rest.
_MAX_CHARACTERS: Final = 16_000_000
_MAX_CHARACTERS_OF_SHAPE: Final = 200_000
_SHORT: Final = 2_000

# A statement that is too long to keep ends in a comment that is never closed: whoever runs it gets a syntax error, and
# not the plan of another statement.
_CUT: Final = " /* cut here: perfkit keeps only the beginning of a long statement"


class Example(NamedTuple):
    """One execution: the statement with the values that it was run with; `values` is None where they are not known."""

    sql: str
    values: Values | None
    duration_ms: float

    @property
    def characters(self) -> int:
        return len(self.sql) + (sum(len(value or "") for value in self.values) if self.values else 0)


class Context(NamedTuple):
    """Where an execution was seen. `plan` is the one that the server logged for it, as text or JSON."""

    database: str | None = None
    query_id: str | None = None
    user: str | None = None
    plan: str | None = None


@dataclass(slots=True)
class _Count:
    calls: int = 0
    total_ms: float = 0.0
    phases: Counter[str] = field(default_factory=Counter)
    phase_ms: dict[str, float] = field(default_factory=dict)
    tags: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, duration_ms: float, phase: str | None, tags: Tags) -> None:
        self.calls += 1
        self.total_ms += duration_ms
        if phase is not None:
            self.phases[phase] += 1
            self.phase_ms[phase] = self.phase_ms.get(phase, 0.0) + duration_ms
        for key, value in tags:
            values = self.tags.setdefault(key, Counter())
            if value in values or len(values) < _MAX_TAG_VALUES:
                values[value] += 1


@dataclass(slots=True)
class _Shape:
    """What is known of one fingerprint in one database.

    `by_plan` counts what auto_explain tells: the same executions once more where the server logs both, so of the two
    only the larger is believed.
    """

    slowest: Example
    context: Context
    by_time: _Count = field(default_factory=_Count)
    by_plan: _Count = field(default_factory=_Count)
    plan: str | None = None
    plan_ms: float = -1.0
    characters: int = 0
    counted: dict[tuple[str, Values], list[float]] = field(default_factory=dict)
    sampled: list[Example] = field(default_factory=list)

    @property
    def count(self) -> _Count:
        return self.by_time if self.by_time.calls >= self.by_plan.calls else self.by_plan


class Tally:
    """Executions by fingerprint. Of each it keeps a few examples: a sample of fixed size and the slowest."""

    def __init__(self, phases: Sequence[PhaseMark] = (), method: Method | None = None) -> None:
        self._phases = [phase for phase in phases if not phase.is_warmup_only]
        self._has_phases = bool(phases)
        self._shapes: dict[tuple[str, str | None], _Shape] = {}
        self._fingerprinter = Fingerprinter(method or choose())
        self._random = random.Random(0)  # noqa: S311 — picks examples, no secrets; seeded, so that a log reads the same
        self._characters = 0
        self.calls_outside_phases = 0
        self.calls_beyond_limit = 0

    @property
    def method(self) -> str:
        """The name of what makes the fingerprints."""
        return self._fingerprinter.method.name

    def add(self, example: Example, started_at: float | None, context: Context = Context()) -> None:  # noqa: B008
        """Count one execution that began at `started_at` (unix seconds, the clock of the phases; None: not known)."""
        phase = None
        if self._has_phases:
            phase = self._phase_at(started_at)
            if phase is None:
                self.calls_outside_phases += 1
                return
        shape = self._shape_of(example, context)
        count = shape.by_time if context.plan is None else shape.by_plan
        count.add(example.duration_ms, phase, tags_of(example.sql))
        if context.plan is not None and example.duration_ms > shape.plan_ms:
            self._keep_plan(shape, context.plan, example.duration_ms)
        self._keep(shape, example)

    def _phase_at(self, started_at: float | None) -> str | None:
        if started_at is None:
            return None
        return next((p.name for p in self._phases if p.measured_at <= started_at < p.ended_at), None)

    def _shape_of(self, example: Example, context: Context) -> _Shape:
        key = (self._fingerprinter.of(example.sql), context.database)
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= 2 * MAX_FINGERPRINTS:
                self._drop_the_least()
            shape = self._shapes[key] = _Shape(self._shortened(example), context)
            self._charge(shape, shape.slowest.characters)
        elif shape.context.query_id is None and context.query_id is not None:
            shape.context = shape.context._replace(query_id=context.query_id)
        return shape

    def _drop_the_least(self) -> None:
        """Forget half of the shapes, those that took least time; what they were is counted."""
        by_time = sorted(self._shapes.items(), key=lambda item: -item[1].count.total_ms)
        for key, shape in by_time[MAX_FINGERPRINTS:]:
            del self._shapes[key]
            self.calls_beyond_limit += shape.count.calls
            self._characters -= shape.characters

    def _charge(self, shape: _Shape, characters: int) -> None:
        shape.characters += characters
        self._characters += characters

    def _has_room(self, shape: _Shape, characters: int) -> bool:
        return (
            characters <= MAX_EXAMPLE_CHARACTERS
            and self._characters + characters <= _MAX_CHARACTERS
            and shape.characters + characters <= _MAX_CHARACTERS_OF_SHAPE
        )

    def _shortened(self, example: Example) -> Example:
        limit = MAX_STATEMENT_CHARACTERS if self._characters < _MAX_CHARACTERS else _SHORT
        if example.characters <= limit:
            return example
        is_cut = len(example.sql) > limit
        return Example(example.sql[:limit] + _CUT * is_cut, None, example.duration_ms)

    def _keep(self, shape: _Shape, example: Example) -> None:
        if example.duration_ms > shape.slowest.duration_ms:
            kept = self._shortened(example)
            self._charge(shape, kept.characters - shape.slowest.characters)
            shape.slowest = kept
        if example.values is None:
            return
        self._count_values(shape, example, example.values)
        if len(shape.sampled) < _MAX_SAMPLED:
            if self._has_room(shape, example.characters):
                shape.sampled.append(example)
                self._charge(shape, example.characters)
        elif (place := int(self._random.random() * shape.count.calls)) < _MAX_SAMPLED:
            former = shape.sampled[place].characters
            if self._has_room(shape, example.characters):
                self._charge(shape, example.characters - former)
                shape.sampled[place] = example

    def _count_values(self, shape: _Shape, example: Example, values: Values) -> None:
        seen = shape.counted.get((example.sql, values))
        if seen is not None:
            seen[0] += 1
            seen[1] = max(seen[1], example.duration_ms)
        elif len(shape.counted) < _MAX_COUNTED and self._has_room(shape, example.characters):
            shape.counted[example.sql, values] = [1, example.duration_ms]
            self._charge(shape, example.characters)

    def _keep_plan(self, shape: _Shape, plan: str, duration_ms: float) -> None:
        if len(plan) <= MAX_STATEMENT_CHARACTERS and self._characters + len(plan) <= 2 * _MAX_CHARACTERS:
            self._charge(shape, len(plan) - len(shape.plan or ""))
            shape.plan, shape.plan_ms = plan, duration_ms

    def queries(self) -> tuple[CapturedQuery, ...]:
        """The captured queries, the largest total time first."""
        by_time = sorted(self._shapes.items(), key=lambda item: -item[1].count.total_ms)
        self.calls_beyond_limit += sum(shape.count.calls for _, shape in by_time[MAX_FINGERPRINTS:])
        self._shapes = dict(by_time[:MAX_FINGERPRINTS])
        return tuple(_captured(key, shape) for (key, _), shape in self._shapes.items())


def _captured(key: str, shape: _Shape) -> CapturedQuery:
    count = shape.count
    return CapturedQuery(
        fingerprint=key,
        statement=shape.slowest.sql,
        calls=count.calls,
        total_ms=count.total_ms,
        mean_ms=count.total_ms / count.calls,
        max_ms=shape.slowest.duration_ms,
        parameter_sets=_parameter_sets(shape),
        phases=dict(count.phases),
        phase_ms=count.phase_ms,
        query_id=shape.context.query_id,
        database=shape.context.database,
        user=shape.context.user,
        tags={key: dict(values) for key, values in count.tags.items()},
        plan=shape.plan or None,
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
