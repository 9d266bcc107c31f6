"""Which indexes a workload wants, as texts and figures: what was proven, what was not and why, what is not needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perfkit.model.planned import NotExplained


@dataclass(frozen=True, slots=True)
class Effect:
    """One statement without and with a change, both really run: medians of `pairs` interleaved pairs.

    `ratio` is after / before with its interval (order statistics, at least 95 %). `rows` says what became of the
    result: "same", "order" (the same rows, in another order where the statement leaves that open), "differ", or
    "unstable" (they differ from run to run by themselves). Blocks are those touched, in buffers or read.
    """

    fingerprint: str
    statement: str
    calls: int
    before_ms: float
    after_ms: float
    ratio: float
    interval: tuple[float, float]
    before_blocks: float
    after_blocks: float
    outcome: Literal["faster", "same", "slower"]
    rows: Literal["same", "order", "differ", "unstable"]
    pairs: int

    @property
    def saved_ms(self) -> float:
        """Of all calls in the workload."""
        return (self.before_ms - self.after_ms) * self.calls


@dataclass(frozen=True, slots=True)
class IndexWrites:
    """What one more index costs each row that is written; the HOT ratios are None where no UPDATE sets its columns."""

    wal_bytes: float
    insert_ms: float
    hot_before_ratio: float | None = None
    hot_after_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class AdvisedIndex:
    """An index that was built, used, and made the workload faster, by `saved_ms` over all calls."""

    index: str
    table: str
    name: str
    sql: str
    bytes: int
    build_s: float
    saved_ms: float
    evidence: tuple[str, ...]
    write: IndexWrites | None
    effects: tuple[Effect, ...]

    @property
    def faster(self) -> tuple[Effect, ...]:
        return tuple(effect for effect in self.effects if effect.outcome == "faster")


@dataclass(frozen=True, slots=True)
class DismissedIndex:
    """A candidate that is no advice, and why. `estimated_ms`: what the planner thinks that it would save."""

    index: str
    reason: str
    estimated_ms: float | None = None


@dataclass(frozen=True, slots=True)
class UnneededIndex:
    """An index that exists and may not be needed. `is_proven`: the workload ran as fast without it."""

    name: str
    table: str
    bytes: int
    because: str
    is_proven: bool
    said: str
    sql: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexAdvice:
    """All of it. `overall` is every statement without and with all the advice together, `left_out` are those that
    nothing was tried with; `greedy_gap_ratio` is how far the choice is from the best set, None where that is not known.
    """

    workload_ms: float
    advice: tuple[AdvisedIndex, ...] = ()
    not_advised: tuple[DismissedIndex, ...] = ()
    unneeded: tuple[UnneededIndex, ...] = ()
    overall: tuple[Effect, ...] = ()
    left_out: tuple[NotExplained, ...] = ()
    greedy_gap_ratio: float | None = None
    server_s: float = 0.0
    statistics_since: str | None = None
    notes: tuple[str, ...] = ()
