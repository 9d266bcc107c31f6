"""Which shapes are proposed, and which an existing index serves already: operator class, collation, direction."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from perfkit.explain.advise.asked.access import Access, Sorted
from perfkit.explain.advise.asked.condition import Condition
from perfkit.explain.advise.book import Book, Column, Held, HeldKey, Table
from perfkit.explain.advise.held import implied, serving
from perfkit.explain.advise.index import Index, Key, TableName, create, quoted
from perfkit.explain.advise.proposed.candidates import _useful

NAME = TableName("public", "orders")
COLUMNS = {
    "id": Column("id", "int4", "N", 4, 1e6, 1.0, ""),
    "customer_id": Column("customer_id", "int4", "N", 4, 3e3, 0.1, ""),
    "status": Column("status", "text", "S", 8, 4.0, 0.2, "en_US"),
    "at": Column("at", "timestamptz", "D", 8, 1e6, 0.99, ""),
    "note": Column("note", "text", "S", 400, 1e6, 0.0, "en_US"),
}
TABLE = Table(NAME, "r", 1e6, 50_000, True, COLUMNS, ())


def proposed(*conditions: Condition, table: Table = TABLE, order: tuple[Sorted, ...] = ()) -> list[str]:
    access = Access(None, "orders", "o", conditions, order)
    return [str(one).removeprefix("orders ") for one in _useful(access, table, Book({}), Counter())]


def a_held(*keys: HeldKey, **more: object) -> Held:
    plain = Held(TableName("public", "ix"), "btree", keys, (), None, False, False, True, False, 8192, 0, "")
    return replace(plain, **more)  # type: ignore[arg-type]


def a_key(column: str, **more: object) -> HeldKey:
    return replace(HeldKey(column, column, "", False, False, False), **more)  # type: ignore[arg-type]


def test_equality_comes_before_order_and_range_and_a_list_is_no_equality() -> None:
    conditions = (Condition("range", "at"), Condition("list", "customer_id"), Condition("equality", "status"))
    found = proposed(*conditions, order=(Sorted("id", True, True),))
    assert {"(status, at)", "(status, customer_id)", "(status, id)", "(status)"} <= set(found)
    assert not [one for one in found if one.startswith(("(at,", "(customer_id, status"))]


def test_an_order_that_goes_two_ways_is_written_so_and_one_that_goes_down_is_not() -> None:
    """An index is read backwards, too."""
    down = proposed(order=(Sorted("at", True, True), Sorted("id", True, True)))
    mixed = proposed(order=(Sorted("at", True, True), Sorted("id", False, False)))
    odd = proposed(order=(Sorted("at", False, True),))
    assert (down, mixed, odd) == (["(at, id)"], ["(at, id DESC)"], ["(at NULLS FIRST)"])


def test_brin_only_for_what_grows_with_a_large_table() -> None:
    assert "USING brin (at)" in proposed(Condition("range", "at"))
    assert not [one for one in proposed(Condition("range", "customer_id")) if "brin" in one]
    assert not [one for one in proposed(Condition("range", "at"), table=replace(TABLE, pages=500)) if "brin" in one]


def test_a_prefix_needs_its_operator_class_unless_letters_sort_by_their_codes() -> None:
    sorted_by_code = replace(TABLE, columns={"status": replace(COLUMNS["status"], collation="C")})
    assert proposed(Condition("prefix", "status")) == ["(status text_pattern_ops)"]
    assert proposed(Condition("prefix", "status"), table=sorted_by_code) == ["(status)"]


def test_a_wide_column_is_no_key() -> None:
    assert proposed(Condition("equality", "note")) == []


@pytest.mark.parametrize(
    ("held", "is_served"),
    [
        (a_held(a_key("customer_id"), a_key("at")), True),
        (a_held(a_key("at"), a_key("customer_id")), False),
        (a_held(a_key("customer_id"), is_valid=False), False),
        (a_held(a_key("customer_id", opclass="int4_minmax_ops"), method="brin"), False),
        (a_held(a_key("customer_id", has_own_collation=True)), False),
        (a_held(a_key("customer_id", opclass="text_pattern_ops")), False),
        (a_held(a_key("customer_id", is_descending=True, is_nulls_first=True)), True),
        (a_held(a_key("customer_id"), predicate="(status = 'new'::text)"), True),
        (a_held(a_key("customer_id"), predicate="(status = 'old'::text)"), False),
    ],
)
def test_what_serves_an_equality(held: Held, is_served: bool) -> None:
    index = Index(NAME, (Key("customer_id"),))
    assert (serving(index, ["status = 'new'"], [held]) is not None) is is_served


def test_what_is_carried_must_be_there_too() -> None:
    index = Index(NAME, (Key("customer_id"),), include=("at",))
    assert serving(index, [], [a_held(a_key("customer_id"))]) is None
    assert serving(index, [], [a_held(a_key("customer_id"), include=("at",))]) is not None


def test_an_order_served_by_an_index_of_the_same_or_the_opposite_direction() -> None:
    two = Index(NAME, (Key("at"), Key("id", is_descending=True)))
    turned = a_held(a_key("at", is_descending=True, is_nulls_first=True), a_key("id"))
    straight = a_held(a_key("at"), a_key("id"))
    assert [serving(two, [], [one]) is not None for one in (turned, straight)] == [True, False]


def test_a_predicate_is_implied_only_by_conditions_that_say_it() -> None:
    assert implied("((active = true) AND (kind = 'A'::text))", ["active = TRUE", "kind = 'A'"])
    assert not implied("(kind = 'A'::text)", ["kind = 'a'"])
    assert not implied("(active)", [])


def test_names_are_quoted_where_they_must_be() -> None:
    index = Index(TableName("My shop", "order"), (Key('we"ird'), Key("plain")))
    assert create(index, "select") == 'CREATE INDEX "select" ON "My shop"."order" ("we""ird", plain)'
    assert quoted("a1_b") == "a1_b"
