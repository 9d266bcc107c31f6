"""Statements of one shape have one fingerprint, whatever their values; statements of two shapes have two."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.queries.fingerprint import MAX_CHARACTERS, fingerprint, shape_of

SAME = [
    ("SELECT a FROM t WHERE b = 1", "select  A\nfrom T where b=2"),
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = $1"),
    ("SELECT a FROM t WHERE b = -1", "SELECT a FROM t WHERE b = 'x'"),
    ("SELECT a FROM t WHERE b = 1", "/* route='/x' */ SELECT a FROM t -- hello\n WHERE b = 1;"),
    ("SELECT a FROM t WHERE b IN (1, 2, 3)", "SELECT a FROM t WHERE b IN ($1)"),
    ("SELECT a FROM t WHERE b IN ('a'::text, 'b'::text)", "SELECT a FROM t WHERE b IN ($1)"),
    ("SELECT a FROM t WHERE (b, c) IN ((1, 2), (3, 4))", "SELECT a FROM t WHERE (b, c) IN ((1, 2))"),
    ("SELECT a FROM t WHERE b = ANY(ARRAY[1, 2])", "SELECT a FROM t WHERE b = ANY(ARRAY[1])"),
    ("INSERT INTO t VALUES (1, 2), (3, 4)", "INSERT INTO t VALUES ($1, $2)"),
    ('SELECT "a" FROM "t"', "SELECT a FROM t"),
]
DIFFERENT = [
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE c = 1"),
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b > 1"),
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b IS NULL"),
    ('SELECT "A" FROM t', "SELECT a FROM t"),
    ("SELECT a - 1 FROM t", "SELECT a FROM t"),
    ("SELECT a FROM t LIMIT 1", "SELECT a FROM t LIMIT 1 OFFSET 2"),
    ("SELECT f(1, 2)", "SELECT f(1)"),
    ("SELECT a FROM t WHERE b IN (SELECT c FROM u)", "SELECT a FROM t WHERE b IN (1)"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_values_case_blanks_and_comments_do_not_matter(one: str, other: str) -> None:
    assert shape_of(one) == shape_of(other)
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_shape_is_another_fingerprint(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_the_shape_is_readable() -> None:
    assert shape_of("SELECT a1, 'x' FROM t WHERE b IN (1,2) AND c = -5 -- q") == (
        "select a1 , ? from t where b in ( ? ) and c = ?"
    )


@given(st.text())
def test_any_text_has_a_fingerprint_of_twelve_hexadecimal_digits(sql: str) -> None:
    assert re.fullmatch("[0-9a-f]{12}", fingerprint(sql))


@given(st.lists(st.integers() | st.text(max_size=5), min_size=1), st.lists(st.integers(), min_size=1))
def test_a_list_is_one_value_however_long(some: list[int | str], others: list[int]) -> None:
    def statement(items: list[object]) -> str:
        shown = ["'" + one.replace("'", "''") + "'" if isinstance(one, str) else str(one) for one in items]
        return f"SELECT a FROM t WHERE b IN ({', '.join(shown)}) AND c = 1"

    assert fingerprint(statement([*some])) == fingerprint(statement([*others]))


def test_the_fingerprint_stays_the_same_between_releases() -> None:
    """It is a key in runs on disk: when this fails, old runs no longer compare with new ones."""
    assert fingerprint("SELECT a FROM t WHERE b = 1") == "3f53967ce192"


def test_only_the_beginning_of_an_endless_statement_is_looked_at() -> None:
    beginning = "SELECT " + "'values' AS a_name, " * (MAX_CHARACTERS // 20)
    assert fingerprint(beginning + "b") == fingerprint(beginning + "c")


@pytest.mark.alone
@pytest.mark.parametrize("piece", ["(", "1,", "(1),", "a,", "::", "- 1 "])
def test_eight_times_the_text_takes_nothing_like_sixty_four_times_the_time(piece: str) -> None:
    def seconds(length: int) -> float:
        sql = ("VALUES " + piece * length)[:length]
        best = float("inf")
        for _ in range(5):
            began_at = time.perf_counter()
            shape_of(sql)
            best = min(best, time.perf_counter() - began_at)
        return best

    assert seconds(80_000) < 30 * max(seconds(10_000), 0.001)
