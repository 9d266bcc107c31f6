"""A subquery for each row: found; not a few times, nor one that is hashed or joined."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import correlated_subplan
from tests.explain.rules.asking import ask

COUNTING = 'SELECT id, (SELECT count(*) FROM line l WHERE l.order_id = o.id) FROM "order" o WHERE id <= {last}'


def test_a_subquery_that_runs_for_each_row_is_found(shop: str) -> None:
    (finding,) = ask(correlated_subplan, shop, COUNTING.format(last=3000))
    assert finding.title == "SubPlan 1 runs 3,000 times, once for each row around it"
    assert finding.node == (0,)


@pytest.mark.parametrize(
    "sql",
    [
        COUNTING.format(last=50),
        'SELECT count(*) FROM "order" o WHERE id NOT IN (SELECT order_id FROM line)',
        'SELECT o.id, count(l) FROM "order" o LEFT JOIN line l ON l.order_id = o.id WHERE o.id <= 3000 GROUP BY o.id',
    ],
    ids=["few runs", "hashed", "joined"],
)
def test_a_subquery_that_runs_seldom_is_left_alone(shop: str, sql: str) -> None:
    assert ask(correlated_subplan, shop, sql) == []
