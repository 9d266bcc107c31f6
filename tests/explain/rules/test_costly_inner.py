"""An inner side that is read many times over: found; not where few rows ask for it, or a hash join reads it once."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import costly_inner
from tests.explain.plans import a_node, a_plan
from tests.explain.rules.asking import ask

LATERAL = """SELECT sum(x.n) FROM "order" o
             CROSS JOIN LATERAL (SELECT count(*) AS n FROM line l WHERE l.order_id = o.id) x WHERE o.id <= {last}"""


def test_an_inner_side_that_reads_its_table_again_and_again_is_told(shop: str) -> None:
    (finding,) = ask(costly_inner, shop, LATERAL.format(last=20000))
    assert finding.title == "line is looked up 20,000 times in a nested loop"
    assert "LATERAL" in finding.fix


def test_plain_lookups_want_a_hash_join(shop: str) -> None:
    sql = 'SELECT sum(l.id) FROM "order" o JOIN line l ON l.order_id = o.id'
    (finding,) = ask(costly_inner, shop, sql, "enable_hashjoin=off", "enable_mergejoin=off", "enable_memoize=off")
    assert "A hash join would read line once" in finding.fix


@pytest.mark.parametrize(
    "sql",
    [LATERAL.format(last=500), 'SELECT count(*) FROM "order" o JOIN line l ON l.order_id = o.id'],
    ids=["few turns", "a hash join"],
)
def test_a_join_that_reads_little_is_left_alone(shop: str, sql: str) -> None:
    assert ask(costly_inner, shop, sql) == []


def test_where_the_size_of_the_table_is_not_known_nothing_is_said() -> None:
    inner = a_node("Index Scan", 0.1, loops=9000, Relation_Name="t", Shared_Hit_Blocks=90_000)
    assert costly_inner.find(a_plan(a_node("Nested Loop", 910.0, a_node("Seq Scan", 1.0), inner)), None) == []
