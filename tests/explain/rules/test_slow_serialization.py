"""Rows made into text: found where that takes long; not for a summary, nor where it was not measured."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import slow_serialization
from tests.explain.plans import a_node, a_plan
from tests.explain.rules.asking import ask

MANY = "SELECT " + ", ".join(["sold_at"] * 9) + " FROM item"


def test_text_that_takes_long_to_make_is_found(shop: str) -> None:
    (finding,) = ask(slow_serialization, shop, MANY)
    assert "of text for the client takes" in finding.title


@pytest.mark.parametrize(
    "sql", ["SELECT count(*) FROM item", f"{MANY} ORDER BY note, code LIMIT 10"], ids=["a summary", "few"]
)
def test_little_text_is_left_alone(shop: str, sql: str) -> None:
    assert ask(slow_serialization, shop, sql) == []


def test_before_postgresql_17_it_is_not_known() -> None:
    assert slow_serialization.find(a_plan(a_node("Seq Scan", 50.0, rows=90_000)), None) == []
