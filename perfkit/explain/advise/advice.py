"""What comes out: indexes that were proven, those that were not and why, and indexes that are not needed. No logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from perfkit.explain.advise.index import Index, TableName

Outcome = Literal["faster", "same", "slower"]
BuildOn = Literal["copy", "here"]


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
    outcome: Outcome
    rows: Literal["same", "order", "differ", "unstable"]
    pairs: int

    @property
    def saved_ms(self) -> float:
        """Of all calls in the workload."""
        return (self.before_ms - self.after_ms) * self.calls


@dataclass(frozen=True, slots=True)
class WriteCost:
    """What one more index costs for each row, measured on a scratch table like the real one.

    `hot` is the share of UPDATEs that stayed in their page without touching an index, before and after; None where no
    UPDATE of the workload sets a column of the index.
    """

    wal_bytes: float
    insert_ms: float
    hot: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """An index that was built, used, and made the workload faster. `saved_ms` is of the workload, all calls."""

    index: Index
    name: str
    bytes: int
    build_s: float
    evidence: tuple[str, ...]
    effects: tuple[Effect, ...]
    saved_ms: float
    write: WriteCost | None = None

    @property
    def trades(self) -> tuple[Effect, ...]:
        """What gets slower, beyond noise."""
        return tuple(effect for effect in self.effects if effect.outcome == "slower")


@dataclass(frozen=True, slots=True)
class NotAdvised:
    """A candidate that is no advice, and why. `estimated_ms`: what the planner thinks that it would save."""

    index: Index
    reason: str
    estimated_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Unneeded:
    """An index that exists and may not be needed. `is_proven`: the workload ran as fast without it."""

    name: TableName
    table: TableName
    bytes: int
    because: str
    is_proven: bool
    said: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. `left_out` maps fingerprints to the reason why nothing was tried with them; `overall` is every
    statement without and with all the advice together."""

    advice: tuple[Advice, ...] = ()
    not_advised: tuple[NotAdvised, ...] = ()
    unneeded: tuple[Unneeded, ...] = ()
    overall: tuple[Effect, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    workload_ms: float = 0.0
    gap: float | None = None
    server_s: float = 0.0
    statistics_since: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user allows. `build_on` None: nothing is built, so nothing is verified."""

    build_on: BuildOn | None = None
    storage_bytes: float = float("inf")
    most: int = 20
    budget_s: float = 300.0
    statement_timeout_s: float = 10.0
    lock_timeout_s: float = 1.0
