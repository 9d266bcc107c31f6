"""Of a condition only what is unmistakable is read: a plain column compared with a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.explain.rules.conditions import Comparison, comparisons

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


@given(
    st.text() | st.lists(st.sampled_from(["(", ")", "a", "=", "1", "AND", "OR", "'", " ", "::", "ANY"])).map("".join)
)
def test_any_text_is_read_without_an_error(condition: str) -> None:
    comparisons(condition, "t")
