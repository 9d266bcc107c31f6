"""Indexes that may help: from what statements ask of tables that cost them time. Names them; proves nothing.

A shape is: columns compared for equality, then those of the order or one that is compared by a range. Each may be
partial (a condition that the application wrote into the statement) and may carry the columns that the statement
needs besides, where they are few and narrow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from perfkit.explain.advise.catalog import Book, Column, Table
from perfkit.explain.advise.evidence import Loss
from perfkit.explain.advise.held import serving
from perfkit.explain.advise.index import Index, Key
from perfkit.explain.advise.syntax import Access, Condition
from perfkit.explain.advise.workload import Task, Workload

MIN_PAGES: Final = 32
MAX_KEYS: Final = 4
MAX_CARRIED: Final = 6
MAX_CARRIED_BYTES: Final = 64
MAX_KEY_BYTES: Final = 300  # of a key's columns together; an index row may have 2,700 at most
MIN_BRIN_CORRELATION: Final = 0.9
MIN_BRIN_PAGES: Final = 10_000

_FIXED: Final = ("equality", "null")


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
    for task in workload.tasks:
        for access in task.accesses:
            table = workload.book.find(access.relation, access.schema)
            loss = task.losses.get(access.relation)
            if table is None or loss is None or not table.is_plain or table.pages < MIN_PAGES:
                continue
            for index in _useful(access, table, workload.book, shared):
                one = _candidate(index, task, loss)
                found[index] = _joined(found[index], one) if index in found else one
    return tuple(sorted(found.values(), key=lambda one: (-one.worth_ms, len(one.index.keys), str(one.index))))


def _shared(workload: Workload) -> Counter[tuple[str, str]]:
    """How many statements compare a column for equality: those that more do come first, so that one index does."""
    return Counter(
        (access.relation, condition.column)
        for task in workload.tasks
        for access in task.accesses
        for condition in access.conditions
        if condition.kind in _FIXED and condition.column is not None
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
    for index in dict.fromkeys(_shapes(access, table, book, shared)):
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


def _shapes(access: Access, table: Table, book: Book, shared: Counter[tuple[str, str]]) -> Iterator[Index]:
    plain = [*_plain_shapes(access, table, shared)]
    for keys, partial in plain:
        index = Index(table.name, keys, predicate=partial)
        yield index
        yield from _carrying(index, access, table)
    for one in access.conditions:
        yield from _special(one, table, book)


def _plain_shapes(
    access: Access, table: Table, shared: Counter[tuple[str, str]]
) -> Iterator[tuple[tuple[Key, ...], str | None]]:
    """Keys and predicates: the fixed columns, with and without those of joins, then an order, a group or a range."""
    joins = _fixed(access, table, shared, is_join=True)
    alone = _fixed(access, table, shared, is_join=False)
    partial = _predicate(access, table)
    for fixed in dict.fromkeys((alone, joins, (*alone, *joins), (*joins, *alone))):
        for tail in _tails(access, table):
            keys = _once((*fixed, *tail))[:MAX_KEYS]
            if keys and _width(keys, table) <= MAX_KEY_BYTES:
                yield keys, None
            if partial is not None:
                rest = tuple(key for key in keys if key.column not in partial.columns)
                if rest and _width(rest, table) <= MAX_KEY_BYTES:
                    yield rest, partial.sql


def _fixed(access: Access, table: Table, shared: Counter[tuple[str, str]], *, is_join: bool) -> tuple[Key, ...]:
    """The columns and expressions compared for equality, those of most statements first, then the most selective."""
    found = [
        Key(column=one.column, expression=one.expression)
        for one in access.conditions
        if one.kind in _FIXED and one.is_join == is_join and _is_known(one, table)
    ]

    def order(key: Key) -> tuple[float, float]:
        column = table.columns.get(key.column or "")
        return (-shared[(access.relation, key.column or "")], -(column.distinct or 0.0) if column else 0.0)

    return tuple(sorted(dict.fromkeys(found), key=order))


def _is_known(one: Condition, table: Table) -> bool:
    return one.expression is not None or one.column in table.columns


def _tails(access: Access, table: Table) -> Iterator[tuple[Key, ...]]:
    """What may follow the fixed columns: nothing, the order, the groups, a list, a range."""
    yield ()
    if access.order and all(one.column in table.columns for one in access.order):
        yield _ordered(access)
    if access.groups:
        yield tuple(Key(column=name) for name in access.groups if name in table.columns)
    for one in access.conditions:
        if one.kind in ("list", "range") and _is_known(one, table) and not one.is_join:
            yield (Key(column=one.column, expression=one.expression),)
        if one.kind == "prefix" and (column := table.columns.get(one.column or "")) is not None:
            yield (_prefix_key(column),)


def _ordered(access: Access) -> tuple[Key, ...]:
    """The order as an index has it. It is read backwards too, so the first column always goes up."""
    is_turned = access.order[0].is_descending
    keys = []
    for one in access.order:
        down, first = one.is_descending != is_turned, one.is_nulls_first != is_turned
        nulls = None if first == down else ("first" if first else "last")
        keys.append(Key(column=one.column, is_descending=down, nulls=nulls))  # type: ignore[arg-type]
    return tuple(keys)


def _prefix_key(column: Column) -> Key:
    """LIKE 'abc%' finds its way in an index only where letters sort by their codes."""
    opclasses = {"text": "text_pattern_ops", "varchar": "varchar_pattern_ops", "bpchar": "bpchar_pattern_ops"}
    return Key(column=column.name, opclass=None if column.collation == "C" else opclasses.get(column.type))


def _once(keys: Iterable[Key]) -> tuple[Key, ...]:
    found: dict[tuple[str | None, str | None], Key] = {}
    for key in keys:
        found.setdefault((key.column, key.expression), key)
    return tuple(found.values())


def _width(keys: Sequence[Key], table: Table) -> int:
    return sum(table.columns[key.column].width for key in keys if key.column is not None)


@dataclass(frozen=True, slots=True)
class _Partial:
    sql: str
    columns: frozenset[str]


def _predicate(access: Access, table: Table) -> _Partial | None:
    """The conditions that never change, joined; None where there is none."""
    fixed = [one for one in access.conditions if one.constant and one.column in table.columns and not one.is_join]
    if not fixed:
        return None
    sql = " AND ".join(sorted({str(one.constant) for one in fixed}))
    return _Partial(sql, frozenset(str(one.column) for one in fixed if one.kind in _FIXED))


def _carrying(index: Index, access: Access, table: Table) -> Iterator[Index]:
    """The same with the other columns that the statement needs, so that the table need not be read at all."""
    if access.columns is None or index.has_expression:
        return
    others = sorted(name for name in access.columns - set(index.columns) if name in table.columns)
    width = sum(table.columns[name].width for name in others)
    if others and len(others) <= MAX_CARRIED and width <= MAX_CARRIED_BYTES:
        yield replace(index, include=tuple(others))


def _special(one: Condition, table: Table, book: Book) -> Iterator[Index]:
    """Indexes of other kinds: trigrams, JSON and arrays, and BRIN for what grows with the table."""
    column = table.columns.get(one.column or "")
    if column is None:
        return
    if one.kind == "similar" and column.category == "S" and "pg_trgm" in book.extensions:
        yield Index(table.name, (Key(column=column.name, opclass="gin_trgm_ops"),), method="gin")
    if one.kind == "contains" and column.type == "jsonb":
        yield Index(table.name, (Key(column=column.name, opclass="jsonb_path_ops"),), method="gin")
    if (one.kind == "has_key" and column.type == "jsonb") or (one.kind == "contains" and column.category == "A"):
        yield Index(table.name, (Key(column=column.name),), method="gin")
    is_grown = abs(column.correlation or 0.0) > MIN_BRIN_CORRELATION and table.pages >= MIN_BRIN_PAGES
    if one.kind == "range" and is_grown:
        yield Index(table.name, (Key(column=column.name),), method="brin")


def widened(index: Index, others: Collection[Index]) -> bool:
    """Whether another of them does all that `index` does and more."""
    return any(_is_wider(other, index) for other in others if other != index)


def _is_wider(wide: Index, narrow: Index) -> bool:
    is_alike = (wide.table, wide.method, wide.predicate) == (narrow.table, narrow.method, narrow.predicate)
    begins = wide.keys[: len(narrow.keys)] == narrow.keys
    return is_alike and wide.method == "btree" and begins and set(narrow.include) <= {*wide.columns, *wide.include}
