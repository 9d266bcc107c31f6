"""A captured workload as it can be tried: what is read, with which values, what it asks of which table. No logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perfkit.explain.advise.asked.access import Access
from perfkit.explain.advise.asked.evidence import Loss
from perfkit.explain.advise.book import Book
from perfkit.explain.advise.index import TableName


@dataclass(frozen=True, slots=True)
class Task:
    """One statement of the workload in the form in which it is read, with the values of some of its executions.

    `total_ms` is what it took under the load, all calls together. `losses` are by the tables' names.
    """

    fingerprint: str
    sql: str
    sets: tuple[tuple[str | None, ...], ...]
    calls: int
    total_ms: float
    tables: frozenset[TableName]
    accesses: tuple[Access, ...] = ()
    losses: Mapping[str, Loss] = field(default_factory=dict)
    is_ordered: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A statement that nothing can be tried with."""

    fingerprint: str
    reason: str
    total_ms: float


@dataclass(frozen=True, slots=True)
class Write:
    """INSERTs, UPDATEs or DELETEs of one table in the workload; `columns` are those that UPDATEs set."""

    kind: str
    table: TableName
    calls: int
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Workload:
    tasks: tuple[Task, ...]
    left_out: tuple[LeftOut, ...]
    writes: tuple[Write, ...]
    book: Book

    @property
    def total_ms(self) -> float:
        return sum(task.total_ms for task in self.tasks)

    def touching(self, table: TableName) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if table in task.tables)
