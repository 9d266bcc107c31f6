"""Statistics older than the rows: found where they mislead, gone after ANALYZE; not where the estimate is right."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import stale_statistics
from tests.explain.plans import a_node, a_plan
from tests.explain.rules.asking import applied, ask, run

NEW = "SELECT count(*) FROM grown g JOIN line l ON l.order_id = g.id WHERE g.kind = 'new'"


@pytest.fixture(scope="module")
def grown(shop: str) -> str:
    run(shop, "CREATE TABLE grown AS SELECT g AS id, 'old' AS kind FROM generate_series(1, 9000) g")
    run(shop, "ANALYZE grown")  # on a connection of its own: a session tells of its writes when it ends
    run(shop, "INSERT INTO grown SELECT g, 'new' FROM generate_series(9001, 29000) g")
    return shop


def test_an_estimate_on_old_statistics_is_found_and_right_after_analyze(grown: str) -> None:
    (finding,) = ask(stale_statistics, grown, NEW)
    assert "20,000 rows have changed since" in finding.title
    with applied(grown, finding.sql):
        assert ask(stale_statistics, grown, NEW) == []


def test_old_statistics_that_mislead_nobody_are_left_alone(shop: str) -> None:
    run(shop, "CREATE TABLE same AS SELECT g AS id, g % 5 AS kind FROM generate_series(1, 9000) g; ANALYZE same")
    run(shop, "INSERT INTO same SELECT g, g % 5 FROM generate_series(9001, 29000) g")
    assert ask(stale_statistics, shop, "SELECT count(*) FROM same WHERE kind = 3") == []


def test_a_wrong_estimate_on_fresh_statistics_is_another_matter(shop: str) -> None:
    sql = """SELECT count(*) FROM "order" o JOIN line l ON l.order_id = o.id
             WHERE o.city = 'city7' AND o.land = 'land7'"""
    assert ask(stale_statistics, shop, sql) == []


def test_where_nothing_is_known_of_the_table_nothing_is_said() -> None:
    scan = a_node("Seq Scan", 50.0, Relation_Name="t", Plan_Rows=10, Actual_Rows=90_000)
    assert stale_statistics.find(a_plan(scan), None) == []
