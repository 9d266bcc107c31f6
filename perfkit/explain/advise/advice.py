"""What comes out: indexes that were proven, those that were not and why, and indexes that are not needed. No logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from perfkit.explain.advise.index import Index, TableName
from perfkit.model import Effect

BuildOn = Literal["copy", "here"]


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
    """An index that was built, used, and made the workload faster. `saved_ms` is of the workload, all calls.

    `script` are the statements that build it without locking out writers: of a partitioned table, several.
    """

    index: Index
    name: str
    bytes: int
    build_s: float
    evidence: tuple[str, ...]
    effects: tuple[Effect, ...]
    saved_ms: float
    write: WriteCost | None = None
    script: tuple[str, ...] = ()

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
    copy_bytes: float = 10e9
    storage_bytes: float = float("inf")
    most: int = 20
    budget_s: float = 300.0
    statement_timeout_s: float = 10.0
    lock_timeout_s: float = 1.0
