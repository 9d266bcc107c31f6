"""A column inside of a function or cast: found with the remedy of its kind; a plain column is left alone."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import wrapped_column
from tests.explain.plans import a_node, a_plan
from tests.explain.rules.asking import applied, ask, told


@pytest.mark.parametrize(
    ("condition", "expression", "fix"),
    [
        ("lower(code) = 'c17'", "lower(code)", "an index on the expression lower(code)"),
        ("sold_at::date = '2024-01-02'", "(sold_at)::date", "Compare sold_at itself with the ends of the range"),
        ("id::text = '17'", "(id)::text", "cast the parameter, not the column"),
        ("id + 1 = 17", "id+?", "so that id stands alone"),
    ],
)
def test_what_keeps_an_index_from_being_used_is_named(shop: str, condition: str, expression: str, fix: str) -> None:
    (finding,) = ask(wrapped_column, shop, f"SELECT * FROM item WHERE {condition} LIMIT 9999")
    assert finding.title.startswith(f"{expression} in the filter on item")
    assert fix in finding.fix


def test_literals_stand_beside_the_texts_and_not_in_them(shop: str) -> None:
    """For who may see them: of the whole filter, and of the expression that is named."""
    (finding,) = ask(wrapped_column, shop, "SELECT * FROM item WHERE id + 1 = 170017 LIMIT 9999")
    texts = "\n".join([finding.title, *finding.evidence, finding.fix])
    assert "170017" not in texts
    assert dict(finding.originals) == {"((id + ?) = ?)": "((id + 1) = 170017)", "id+?": "id+1"}


def test_the_index_on_the_expression_is_used(shop: str) -> None:
    sql = "SELECT * FROM item WHERE lower(code) = 'c17'"
    (finding,) = ask(wrapped_column, shop, sql)
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON "item" ((lower(code)));'
    with applied(shop, finding.sql):
        assert told(shop, sql) == []


@pytest.mark.parametrize(
    "condition",
    ["code = 'C17'", "status = 'none'", "lower(code) LIKE 'c%'", "id % 2 = 0", "quotation_id = id"],
    ids=["plain", "a varchar", "no comparison", "many rows wanted", "two columns"],
)
def test_a_filter_of_another_kind_is_left_alone(shop: str, condition: str) -> None:
    assert ask(wrapped_column, shop, f"SELECT * FROM item WHERE {condition}") == []


def test_where_the_columns_are_not_known_nothing_is_said() -> None:
    node = a_node("Seq Scan", 90.0, Relation_Name="t", Filter="(lower(a) = 'x'::text)", Rows_Removed_by_Filter=99_999)
    assert wrapped_column.find(a_plan(node), None) == []
