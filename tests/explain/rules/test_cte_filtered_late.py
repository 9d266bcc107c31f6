"""A WITH query worked out whole for a few rows: found; not where it is inlined, cut, or used whole."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import cte_filtered_late
from tests.explain.rules.asking import ask

LATE = "WITH c AS MATERIALIZED (SELECT * FROM item) SELECT * FROM c WHERE quotation_id = 5"


@pytest.mark.parametrize("more", ["", " UNION ALL SELECT * FROM c WHERE quotation_id = 6"], ids=["once", "twice"])
def test_a_with_query_of_which_little_is_used_is_found(shop: str, more: str) -> None:
    (finding,) = ask(cte_filtered_late, shop, LATE + more)
    assert finding.title.startswith("WITH c works out 120,000 rows, of which ")
    assert "NOT MATERIALIZED" in finding.fix


@pytest.mark.parametrize(
    "sql",
    [
        LATE.replace("MATERIALIZED", "NOT MATERIALIZED"),
        LATE.replace("quotation_id = 5", "quotation_id < 9000"),
        LATE.replace("FROM item)", "FROM item LIMIT 50000)"),
        f"{LATE} UNION ALL SELECT * FROM c",
        LATE.replace("item", "small WHERE id < 900"),
    ],
    ids=["inlined", "much is used", "cut by a LIMIT", "one use without a filter", "few rows"],
)
def test_a_with_query_that_is_right_is_left_alone(shop: str, sql: str) -> None:
    assert ask(cte_filtered_late, shop, sql) == []
