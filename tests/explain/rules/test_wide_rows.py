"""Wide rows carried to the client: found; not narrow ones, nor few."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import wide_rows
from perfkit.model import CapturedQuery
from tests.explain.plans import a_real_plan
from tests.explain.rules.asking import SERIAL, ask


def test_wide_rows_in_a_sort_are_found(shop: str) -> None:
    (finding,) = ask(wide_rows, shop, "SELECT * FROM broad WHERE bucket < 3 ORDER BY id")
    assert finding.title == "9,000 rows of 1,912 bytes each are carried to the client"
    assert "through Sort" in finding.evidence[0]


def test_a_star_in_the_statement_is_told(shop: str) -> None:
    sql = "SELECT * FROM broad WHERE bucket < 3 ORDER BY id"
    plan = a_real_plan(shop, sql, (), SERIAL)
    (finding,) = wide_rows.find(plan, CapturedQuery("f", sql, 1, 1.0, 1.0, 1.0))
    assert "the statement asks for *" in finding.evidence


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM broad WHERE bucket < 3 ORDER BY id",
        "SELECT * FROM broad WHERE bucket < 3 ORDER BY id LIMIT 50",
        "SELECT * FROM item ORDER BY id",
    ],
    ids=["a narrow column", "few rows", "narrow rows"],
)
def test_what_is_not_wide_is_left_alone(shop: str, sql: str) -> None:
    assert ask(wide_rows, shop, sql) == []
