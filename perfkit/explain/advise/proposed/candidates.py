"""Indexes that may help: for tables that cost statements time, the shapes that nothing there serves. Proves nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from perfkit.explain.advise.asked.access import Access
from perfkit.explain.advise.asked.evidence import Loss
from perfkit.explain.advise.asked.workload import Task, Workload
from perfkit.explain.advise.book import Book, Table
from perfkit.explain.advise.held import serving
from perfkit.explain.advise.index import Index
from perfkit.explain.advise.proposed.shapes import FIXED, shapes_of

MIN_PAGES: Final = 32


@dataclass(frozen=True, slots=True)
class Candidate:
    """An index and what speaks for it. `worth_ms` is what the tables' reading cost in the workload, all calls."""

    index: Index
    worth_ms: float
    fingerprints: frozenset[str]
    evidence: tuple[str, ...]


def propose(workload: Workload) -> tuple[Candidate, ...]:
    """All candidates, those first whose tables cost most. None that an existing index serves, and no two alike."""
    shared = _shared(workload)
    found: dict[Index, Candidate] = {}
    for task, access, table, loss in _costly(workload):
        for index in _useful(access, table, workload.book, shared):
            one = _candidate(index, task, loss)
            found[index] = _joined(found[index], one) if index in found else one
    return tuple(sorted(found.values(), key=lambda one: (-one.worth_ms, len(one.index.keys), str(one.index))))


def wants_trigrams(workload: Workload) -> bool:
    """Whether an index on trigrams could be tried if the extension were there."""
    if "pg_trgm" in workload.book.extensions:
        return False
    for _, access, table, _ in _costly(workload):
        asked = [*access.conditions, *(one for either in access.conditions for arm in either.arms for one in arm)]
        similar = [table.columns.get(one.column or "") for one in asked if one.kind == "similar"]
        if any(column is not None and column.category == "S" for column in similar):
            return True
    return False


def _costly(workload: Workload) -> Iterator[tuple[Task, Access, Table, Loss]]:
    """What statements ask of tables that cost them time, and are large enough for an index."""
    for task in workload.tasks:
        for access in task.accesses:
            table = workload.book.find(access.relation, access.schema)
            loss = task.losses.get(access.relation)
            if table is not None and loss is not None and table.is_indexable and table.pages >= MIN_PAGES:
                yield task, access, table, loss


def _shared(workload: Workload) -> Counter[tuple[str, str]]:
    """How many statements compare a column for equality: those that more do come first, so that one index does."""
    return Counter(
        (access.relation, condition.column)
        for task in workload.tasks
        for access in task.accesses
        for condition in access.conditions
        if condition.kind in FIXED and condition.column is not None
    )


def _candidate(index: Index, task: Task, loss: Loss) -> Candidate:
    worth = task.total_ms * min(loss.share, 1.0)
    return Candidate(index, worth, frozenset({task.fingerprint}), (loss.said,))


def _joined(one: Candidate, other: Candidate) -> Candidate:
    evidence = tuple(dict.fromkeys(one.evidence + other.evidence))
    prints = one.fingerprints | other.fingerprints
    return Candidate(one.index, one.worth_ms + other.worth_ms, prints, evidence)


def _useful(access: Access, table: Table, book: Book, shared: Counter[tuple[str, str]]) -> Iterator[Index]:
    constants = [one.constant for one in access.conditions if one.constant]
    for index in dict.fromkeys(shapes_of(access, table, book, shared)):
        is_served = serving(index, constants, table.indexes) is not None or _begins_unique(index, table)
        if not is_served and not _is_found_by_unique(access, table):
            yield index


def _begins_unique(index: Index, table: Table) -> bool:
    """Its first keys are those of a unique index: what comes after them finds nothing more."""
    return any(
        held.is_unique and held.is_valid and {key.column for key in held.keys} == set(index.columns[: len(held.keys)])
        for held in table.indexes
    )


def _is_found_by_unique(access: Access, table: Table) -> bool:
    """One row at most is left, and an index finds it."""
    fixed = {one.column for one in access.conditions if one.kind == "equality" and not one.is_join}
    return any(
        held.is_unique and held.is_valid and held.predicate is None and {key.column for key in held.keys} <= fixed
        for held in table.indexes
    )


def widened(index: Index, others: Collection[Index]) -> bool:
    """Whether another of them does all that `index` does and more."""
    return any(_is_wider(other, index) for other in others if other != index)


def _is_wider(wide: Index, narrow: Index) -> bool:
    is_alike = (wide.table, wide.method, wide.predicate) == (narrow.table, narrow.method, narrow.predicate)
    begins = wide.keys[: len(narrow.keys)] == narrow.keys
    return is_alike and wide.method == "btree" and begins and set(narrow.include) <= {*wide.columns, *wide.include}
