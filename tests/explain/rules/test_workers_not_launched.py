"""Workers that did not come: found; not where all came or none was planned."""

from __future__ import annotations

from perfkit.explain.rules import workers_not_launched
from tests.explain.rules.asking import PARALLEL, ask

COUNTED = "SELECT count(*) FROM item"


def test_workers_that_did_not_come_are_told(shop: str) -> None:
    (finding,) = ask(workers_not_launched, shop, COUNTED, *PARALLEL, "max_parallel_workers=0")
    assert finding.title == "0 of 2 parallel workers were launched"
    assert finding.sql is None


def test_where_all_workers_came_nothing_is_said(shop: str) -> None:
    assert ask(workers_not_launched, shop, COUNTED, *PARALLEL) == []


def test_where_none_was_planned_nothing_is_said(shop: str) -> None:
    assert ask(workers_not_launched, shop, COUNTED, "max_parallel_workers=0") == []
