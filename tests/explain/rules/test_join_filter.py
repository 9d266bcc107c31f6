"""Pairs made and thrown away: found, with an index where = ties the sides; not where the join finds its pairs."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import join_filter
from tests.explain.rules.asking import applied, ask

NEIGHBOURS = "SELECT count(*) FROM small a JOIN small b ON abs(a.id - b.id) = 1 WHERE a.id < 600 AND b.id < 600"
EQUAL = "SELECT count(*) FROM small a JOIN item b ON a.id = b.quotation_id WHERE a.id < 50 AND b.id < 9000"
BY_LOOP = ("enable_hashjoin=off", "enable_mergejoin=off")


def test_a_condition_that_finds_no_pairs_is_told(shop: str) -> None:
    (finding,) = ask(join_filter, shop, NEIGHBOURS)
    assert finding.sql is None
    assert "Give the join an =" in finding.fix


def test_of_an_equality_the_index_is_named_and_used(shop: str) -> None:
    (finding,) = ask(join_filter, shop, EQUAL, *BY_LOOP)
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON "small" (id);'
    with applied(shop, finding.sql):
        assert ask(join_filter, shop, EQUAL, *BY_LOOP) == []


@pytest.mark.parametrize("sql", [EQUAL, NEIGHBOURS.replace("600", "60")], ids=["a hash join", "few pairs"])
def test_a_join_that_finds_its_pairs_is_left_alone(shop: str, sql: str) -> None:
    assert ask(join_filter, shop, sql) == []
