"""Of a condition only what is unmistakable is read: a plain column compared with a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.explain.rules.conditions import Comparison, aliases_in, alternatives, column_pairs, comparisons, wrapped

EQUAL = Comparison("a", "equality")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("(a = 1)", [EQUAL]),
        ("(1 = a)", [EQUAL]),
        ("((a)::text = 'x'::text)", [EQUAL]),
        ("(t.a = $1)", [EQUAL]),
        ("(a = (InitPlan 1).col1)", [EQUAL]),
        ("(a = other.id)", [EQUAL]),
        ("(a = ANY ('{1,2}'::integer[]))", [Comparison("a", "list")]),
        ("((a = 1) AND (b > 'x = y'::text))", [EQUAL, Comparison("b", "range")]),
        ("((a >= 1) AND (a <= 9))", [Comparison("a", "range")] * 2),
        ('("Total Price" = 5)', [Comparison('"Total Price"', "equality")]),
        ("((a = 1) AND (lower((b)::text) = 'x'::text))", [EQUAL]),
        ("((a = 1) AND ((NOT b) OR (c = 2)))", None),
        ("((a = 1) OR (b = 2))", None),
        ("(lower(a) = 'x'::text)", []),
        ("((a + 1) = 2)", []),
        ("((a)::numeric = 2.5)", []),
        ("(a <> 1)", []),
        ("(a ~~ 'x%'::text)", []),
        ("(a <> ALL ('{1}'::integer[]))", []),
        ("(a = b)", []),
        ("(t.a = t.b)", []),
        ("(a IS NULL)", []),
        ("is_active", []),
        ("", []),
    ],
)
def test_what_is_read_of_a_condition(condition: str, expected: list[Comparison] | None) -> None:
    assert comparisons(condition, "t") == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("((a = 1) OR (b = 2))", [["a"], ["b"]]),
        ("((c = 3) AND (((a = 1) AND (b > 2)) OR (b = 2)))", [["a", "b"], ["b"]]),
        ("((a = 1) OR (lower(b) = 'x'::text))", []),
        ("((a = 1) AND (b = 2))", []),
    ],
)
def test_the_branches_of_an_or(condition: str, expected: list[list[str]]) -> None:
    assert alternatives(condition, "t") == expected


TYPES = {"a": "integer", "b": "character varying", "at": "timestamp without time zone"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("(lower((b)::text) = 'x'::text)", ("lower((b)::text)", "b", "lower")),
        ("('x'::text = lower((t.b)::text))", ("lower((t.b)::text)", "b", "lower")),
        ("((a = 1) AND ((at)::date >= '2026-01-01'::date))", ("(at)::date", "at", "::date")),
        ("((a)::text = '5'::text)", ("(a)::text", "a", "::text")),
        ("((a % 2) = 1)", ("a%2", "a", "")),
        ("((b)::text = '5'::text)", None),
        ("(a = 1)", None),
        ("((a + t.a) = u.x)", ("a+t.a", "a", "")),
        ("((a + length(b)) = 2)", None),
        ("(lower((b)::text) ~~ 'x%'::text)", None),
        ("((lower(b) = 'x'::text) OR (a = 2))", None),
    ],
)
def test_what_is_compared_instead_of_a_column(condition: str, expected: tuple[str, str, str] | None) -> None:
    found = [(one.expression, one.column, one.function) for one in wrapped(condition, "t", TYPES)]
    assert found == ([expected] if expected else [])


def test_the_columns_that_tie_two_tables() -> None:
    assert column_pairs("((a.x = b.y) AND (a.z > b.z))") == [(("a", "x"), ("b", "y"))]
    assert column_pairs("((a.x = b.y) OR (a.z = b.z))") == []


def test_the_tables_that_a_condition_names() -> None:
    assert aliases_in("((\"Big\".x = b.y) AND (z = 'c.d'::text) AND (q > 1.5))") == {"Big", "b"}


@given(
    st.text() | st.lists(st.sampled_from(["(", ")", "a", "=", "1", "AND", "OR", "'", " ", "::", "ANY"])).map("".join)
)
def test_of_any_text_only_columns_that_stand_in_it_are_read(condition: str) -> None:
    """And no text is an error."""
    found = comparisons(condition, "t")
    assert found is None or all(one.column and one.column in condition for one in found)
