"""A wrong estimate that misled a join: found at its origin; left alone where it misled nobody."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import row_misestimate
from perfkit.model import Finding, QueryPlan
from tests.explain.plans import a_node, a_plan, a_real_plan
from tests.explain.rules.asking import SERIAL, applied


def find(plan: QueryPlan) -> list[Finding]:
    return row_misestimate.find(plan, None)


CORRELATED = """SELECT count(*) FROM "order" o JOIN line l ON l.order_id = o.id
                WHERE o.city = $1 AND o.land = $2"""


def test_columns_that_depend_on_each_other_are_found_where_they_mislead_a_join(shop: str) -> None:
    (finding,) = find(a_real_plan(shop, CORRELATED, ("city7", "land7"), SERIAL))
    assert finding.sql == ('CREATE STATISTICS "order_city_land_stats" ON city, land FROM "order"; ANALYZE "order";')
    assert "Seq Scan on order" in finding.evidence[0]
    assert not any("city7" in line for line in finding.evidence)


def test_with_the_statistics_that_are_proposed_the_planner_is_right(shop: str) -> None:
    (finding,) = find(a_real_plan(shop, CORRELATED, ("city7", "land7"), SERIAL))
    with applied(shop, finding.sql):
        assert find(a_real_plan(shop, CORRELATED, ("city7", "land7"), SERIAL)) == []


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT count(*) FROM "order" WHERE city = $1 AND land = $2',
        """SELECT * FROM "order" o JOIN line l ON l.order_id = o.id WHERE o.city = $1 AND o.id > $2::int LIMIT 3""",
        """SELECT count(*) FROM "order" o JOIN line l ON l.order_id = o.id WHERE o.city = $1 AND o.id > $2::int""",
    ],
    ids=["no join depends on it", "stopped early", "well estimated"],
)
def test_an_estimate_that_misleads_nobody_is_left_alone(shop: str, sql: str) -> None:
    parameters = ("city7", "land7" if "land" in sql else "5")
    assert find(a_real_plan(shop, sql, parameters, SERIAL)) == []


def test_only_the_lowest_of_the_wrong_nodes_is_told() -> None:
    scan = a_node("Seq Scan", 5.0, Relation_Name="t", Plan_Rows=10, Actual_Rows=9000)
    hash_ = a_node("Hash", 6.0, scan, Plan_Rows=10, Actual_Rows=9000)
    join = a_node("Hash Join", 60.0, a_node("Seq Scan", 20.0, rows=5000), hash_, Plan_Rows=10, Actual_Rows=9000)
    (finding,) = find(a_plan(join))
    assert (finding.title, finding.sql) == ("The planner is off by a factor of 900 at Seq Scan on t", 'ANALYZE "t";')
    assert finding.impact_ms == 55.0
