"""Indexes of other kinds than a B-tree that may serve a condition: GIN, GiST and BRIN. Names them; proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from perfkit.explain.advise.asked.access import Access
from perfkit.explain.advise.asked.condition import Condition
from perfkit.explain.advise.book import Book, Column, Table
from perfkit.explain.advise.index import Index, Key

MIN_BRIN_CORRELATION: Final = 0.9
MIN_BRIN_PAGES: Final = 10_000

_ARRAY: Final = "A"
_GEOMETRIC: Final = "G"
_RANGE: Final = "R"
_STRING: Final = "S"
_AREAS: Final = ("contains", "within", "overlaps")


def special(access: Access, table: Table, book: Book) -> Iterator[Index]:
    """Each by itself: the planner joins their bitmaps. A range beside columns that are fixed, where btree_gist is."""
    for one in access.conditions:
        column = table.columns.get(one.column or "")
        if column is None or one.is_join:
            continue
        yield from _inverted(one, column, table, book)
        if one.kind in _AREAS and column.category in (_GEOMETRIC, _RANGE):
            yield Index(table.name, (Key(column=column.name),), method="gist")
            fixed = _fixed(access, table)
            if fixed and "btree_gist" in book.extensions:
                yield Index(table.name, (*fixed, Key(column=column.name)), method="gist")
        is_grown = abs(column.correlation or 0.0) > MIN_BRIN_CORRELATION and table.pages >= MIN_BRIN_PAGES
        if one.kind == "range" and is_grown:
            yield Index(table.name, (Key(column=column.name),), method="brin")
    yield from _nearest(access, table, book)


def _inverted(one: Condition, column: Column, table: Table, book: Book) -> Iterator[Index]:
    """GIN: trigrams, JSON, arrays and text that is searched."""
    opclass: str | None = None
    if one.kind == "similar" and column.category == _STRING and "pg_trgm" in book.extensions:
        opclass = "gin_trgm_ops"
    elif one.kind == "contains" and column.type == "jsonb":
        opclass = "jsonb_path_ops"
    elif not (
        (one.kind == "has_key" and column.type == "jsonb")
        or (one.kind in _AREAS and column.category == _ARRAY)
        or (one.kind == "matches" and column.type == "tsvector")
    ):
        return
    yield Index(table.name, (Key(column=column.name, opclass=opclass),), method="gin")


def _fixed(access: Access, table: Table) -> tuple[Key, ...]:
    names = (one.column for one in access.conditions if one.kind == "equality" and not one.is_join)
    return tuple(Key(column=name) for name in dict.fromkeys(names) if name in table.columns)


def _nearest(access: Access, table: Table, book: Book) -> Iterator[Index]:
    """GiST returns rows by their distance."""
    column = table.columns.get(access.nearest or "")
    if column is None:
        return
    if column.category == _GEOMETRIC:
        yield Index(table.name, (Key(column=column.name),), method="gist")
    if column.category == _STRING and "pg_trgm" in book.extensions:
        yield Index(table.name, (Key(column=column.name, opclass="gist_trgm_ops"),), method="gist")
