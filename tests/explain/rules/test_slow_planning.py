"""Planning that takes longer than executing: found; not where it is short."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import slow_planning
from tests.explain.rules.asking import ask, run

TABLES = 9
JOINED = "SELECT count(*) FROM {tables} WHERE {conditions}".format(
    tables=", ".join(f"tiny t{n}" for n in range(TABLES)),
    conditions=" AND ".join(f"t{n}.id = t{other}.id" for n in range(TABLES) for other in range(n)),
)
ALL_ORDERS = ("join_collapse_limit=12", "from_collapse_limit=12", "geqo=off")


@pytest.fixture(scope="module")
def tiny(shop: str) -> str:
    run(shop, "CREATE TABLE tiny AS SELECT 1 AS id; ANALYZE tiny")
    return shop


def test_a_join_of_many_tables_with_a_row_each_is_found(tiny: str) -> None:
    (finding,) = ask(slow_planning, tiny, JOINED, *ALL_ORDERS)
    assert finding.evidence[1] == "9 scans of 1 tables in the plan"


@pytest.mark.parametrize("sql", ["SELECT count(*) FROM item", "SELECT * FROM tiny"], ids=["executing", "both short"])
def test_planning_that_is_short_is_left_alone(tiny: str, sql: str) -> None:
    assert ask(slow_planning, tiny, sql) == []
