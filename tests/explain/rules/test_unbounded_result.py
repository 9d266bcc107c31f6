"""All rows returned: found without a LIMIT; not with one of any size, nor where few rows come."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import unbounded_result
from tests.explain.rules.asking import ask


def test_a_result_without_a_limit_is_found(shop: str) -> None:
    (finding,) = ask(unbounded_result, shop, "SELECT * FROM item")
    assert finding.title == "120,000 rows are returned without a LIMIT"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM item LIMIT 50000",
        "SELECT * FROM (SELECT * FROM item ORDER BY id LIMIT 50000) x ORDER BY code",
        "SELECT * FROM item WHERE id < 900",
        "SELECT count(*) FROM item",
        'SELECT city, count(*) FROM "order" GROUP BY city',
    ],
    ids=["a LIMIT", "a LIMIT below", "few rows", "a summary", "groups"],
)
def test_a_bounded_result_is_left_alone(shop: str, sql: str) -> None:
    assert ask(unbounded_result, shop, sql) == []
