"""Plans of PostgreSQL as typed trees, what is known of tables and indexes, and two plans side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node of a plan. Times in ms over all loops, `exclusive_ms` without its children; None with TIMING OFF.

    Rows are totals over all loops. `details` holds the remaining keys of EXPLAIN's JSON (Filter, Sort Method …).
    """

    kind: str
    relation: str | None
    index: str | None
    planned_rows: float
    actual_rows: float | None
    loops: float
    total_ms: float | None
    exclusive_ms: float | None
    details: Mapping[str, Any]
    children: tuple[PlanNode, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a trigger took over all its calls, outside the tree. `constraint` is the foreign key's that it checks."""

    name: str | None
    constraint: str | None
    relation: str | None
    calls: int
    time_ms: float | None


@dataclass(frozen=True, slots=True)
class Jit:
    """Compiling of expressions: part of the nodes' times. None with TIMING OFF."""

    functions: int
    total_ms: float | None


@dataclass(frozen=True, slots=True)
class Serialization:
    """The rows made into text for the client, outside the tree; `output_kb` in kB. PostgreSQL 17 or newer."""

    time_ms: float | None
    output_kb: int


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A constraint by which `table` refers to another with `columns`; `is_indexed`: an index begins with them."""

    constraint: str
    table: str
    columns: tuple[str, ...]
    is_indexed: bool


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """An index and its plain key columns in order; an expression is None."""

    name: str
    columns: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the catalogue says of a table in a plan, read with it. None is unknown, or never.

    `rows` and `pages` are the planner's, `changed_rows` were written since the last ANALYZE, `row_bytes` is the mean
    width of all columns, `types` maps columns to types, `foreign_keys` point at this table.
    """

    name: str
    pages: int
    rows: float | None
    changed_rows: int | None
    analyzed_s_ago: float | None
    row_bytes: float | None
    types: Mapping[str, str] = field(default_factory=dict)
    indexes: tuple[IndexFacts, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """EXPLAIN (ANALYZE, BUFFERS) of one captured query, with the real parameters it was run with.

    The exclusive times of the tree are the execution without `triggers`, `serialization`, start and end. `facts` are of
    its tables, as far as they were read; `server_version` is "" where a plan from a file does not tell it.
    """

    fingerprint: str
    root: PlanNode
    planning_ms: float | None
    execution_ms: float | None
    server_version: str
    settings: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    jit: Jit | None = None
    serialization: Serialization | None = None
    facts: tuple[TableFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeSide:
    """A node as one side of a difference tells it: `what` in words, time and pages without its children."""

    what: str
    index: str | None
    exclusive_ms: float | None
    rows: float | None
    pages: int | None


@dataclass(frozen=True, slots=True)
class NodeChange:
    """One node of two plans: `same` may have other times, `changed` does the same thing in another way."""

    kind: Literal["same", "changed", "gone", "new"]
    before: NodeSide | None
    after: NodeSide | None


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """Two plans of one statement, node by node in the order of the plan after; those that are gone stand last."""

    fingerprint: str
    before_ms: float | None
    after_ms: float | None
    nodes: tuple[NodeChange, ...]


@dataclass(frozen=True, slots=True)
class NotExplained:
    """Why a captured query has no plan."""

    fingerprint: str
    reason: str
