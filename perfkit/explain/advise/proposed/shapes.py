"""The shapes of index that may serve what a SELECT asks of a table. Knows columns; neither costs nor other indexes.

A shape is: columns compared for equality, then those of an order, the groups, or what is compared by a list or a range.
Each may be partial (a condition that the application wrote into the statement) and may carry the columns that the
statement needs besides, where they are few and narrow. An OR has the shapes of its arms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from perfkit.explain.advise.asked.access import Access, Sorted
from perfkit.explain.advise.asked.condition import Condition
from perfkit.explain.advise.book import Book, Column, Table
from perfkit.explain.advise.index import Index, Key
from perfkit.explain.advise.proposed.special import special

MAX_KEYS: Final = 4
MAX_CARRIED: Final = 6
MAX_CARRIED_BYTES: Final = 64
MAX_KEY_BYTES: Final = 300  # of a key's columns together; an index row may have 2,700 at most
FIXED: Final = ("equality", "null")


def shapes_of(access: Access, table: Table, book: Book, shared: Counter[tuple[str, str]]) -> Iterator[Index]:
    """All of them, some more than once. `shared` counts the statements that compare (table, column) for equality."""
    for keys, partial in _plain_shapes(access, table, shared):
        index = Index(table.name, keys, predicate=partial)
        yield index
        yield from _carrying(index, access, table)
    yield from special(access, table, book)
    for arm in _arms(access):  # a bitmap of each arm's index, joined by BitmapOr: it reads the table in any case
        yield from (Index(table.name, keys, predicate=partial) for keys, partial in _plain_shapes(arm, table, shared))
        yield from special(arm, table, book)


def _arms(access: Access) -> Iterator[Access]:
    """What each arm of an OR asks by itself, alone and with what is fixed beside the OR."""
    fixed = tuple(one for one in access.conditions if one.kind in FIXED and not one.is_join)
    for either in access.conditions:
        for arm in either.arms:
            yield Access(access.schema, access.relation, access.alias, arm)
            if fixed:
                yield Access(access.schema, access.relation, access.alias, (*fixed, *arm))


def _plain_shapes(
    access: Access, table: Table, shared: Counter[tuple[str, str]]
) -> Iterator[tuple[tuple[Key, ...], str | None]]:
    """Keys and predicates: the fixed columns, with and without those of joins, then an order, a group or a range."""
    joins = _fixed(access, table, shared, is_join=True)
    alone = _fixed(access, table, shared, is_join=False)
    partial = _predicate(access, table)
    for fixed in dict.fromkeys((alone, joins, (*alone, *joins), (*joins, *alone))):
        for tail in dict.fromkeys(_tails(access, table)):
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
        if one.kind in FIXED and one.is_join == is_join and _is_known(one, table)
    ]

    def order(key: Key) -> tuple[float, float]:
        column = table.columns.get(key.column or "")
        return (-shared[(access.relation, key.column or "")], -(column.distinct or 0.0) if column else 0.0)

    return tuple(sorted(dict.fromkeys(found), key=order))


def _is_known(one: Condition, table: Table) -> bool:
    return one.expression is not None or one.column in table.columns


def _tails(access: Access, table: Table) -> Iterator[tuple[Key, ...]]:
    """What may follow the fixed columns: nothing, an order, the groups, a list, a range, a list and a range."""
    yield ()
    for order in (access.order, *access.windows):
        if order and all(one.column in table.columns for one in order):
            yield _ordered(order)
    if access.groups:
        yield tuple(Key(column=name) for name in access.groups if name in table.columns)
    of_kind: dict[str, list[Key]] = {"list": [], "range": []}
    for one in access.conditions:
        if one.kind in of_kind and _is_known(one, table) and not one.is_join:
            of_kind[one.kind].append(Key(column=one.column, expression=one.expression))
        if one.kind == "prefix" and (column := table.columns.get(one.column or "")) is not None:
            yield (_prefix_key(column),)
    for key in (*of_kind["list"], *of_kind["range"]):
        yield (key,)
    for several in of_kind["list"]:
        yield from ((several, key) for key in of_kind["range"] if key != several)


def _ordered(order: Sequence[Sorted]) -> tuple[Key, ...]:
    """The order as an index has it. It is read backwards too, so the first column always goes up."""
    is_turned = order[0].is_descending
    keys = []
    for one in order:
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
    return _Partial(sql, frozenset(str(one.column) for one in fixed if one.kind in FIXED))


def _carrying(index: Index, access: Access, table: Table) -> Iterator[Index]:
    """The same with the other columns that the statement needs, so that the table need not be read at all."""
    if access.columns is None or index.has_expression:
        return
    others = sorted(name for name in access.columns - set(index.columns) if name in table.columns)
    width = sum(table.columns[name].width for name in others)
    if others and len(others) <= MAX_CARRIED and width <= MAX_CARRIED_BYTES:
        yield replace(index, include=tuple(others))
