"""Every row with every row: found; not where a condition ties the sides, or one side is a row or two."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import cartesian_product
from tests.explain.rules.asking import ask


def test_a_join_without_a_condition_is_found(shop: str) -> None:
    (finding,) = ask(cartesian_product, shop, "SELECT count(*) FROM small a, small b WHERE a.id < 500 AND b.id < 500")
    assert finding.title == "Every row with every row: 249,001 pairs without a join condition"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM small a, small b WHERE a.id < 500 AND b.id < 500 AND a.id > b.quotation_id",
        'SELECT count(*) FROM "order" o, LATERAL (SELECT * FROM line l WHERE l.order_id = o.id) x WHERE o.id <= 5000',
        "SELECT count(*) FROM item a, (SELECT 1 AS one UNION ALL SELECT 2) b",
        "SELECT count(*) FROM small a, generate_series(1, a.id % 50) g",
    ],
    ids=["a condition", "a lateral one", "two rows", "a function of the other side"],
)
def test_a_join_of_another_kind_is_left_alone(shop: str, sql: str) -> None:
    assert ask(cartesian_product, shop, sql, "enable_hashjoin=off", "enable_mergejoin=off") == []
