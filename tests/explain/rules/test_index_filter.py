"""An index that finds much and a filter that keeps little: found, with the index of both; not where most is kept."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import index_filter
from tests.explain.rules.asking import applied, ask, told

FILTERED = "SELECT * FROM event WHERE kind = 3 AND actor = 78"


@pytest.mark.parametrize("setting", ["enable_indexscan=off", "enable_bitmapscan=off"], ids=["bitmap", "index scan"])
def test_a_filter_that_throws_away_what_the_index_found_is_told(shop: str, setting: str) -> None:
    (finding,) = ask(index_filter, shop, FILTERED, setting, "enable_seqscan=off")
    assert finding.title.endswith("on event finds 20,000 rows by event_kind to keep 99")
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON "event" (kind, actor);'


def test_with_the_index_that_is_proposed_no_filter_is_left(shop: str) -> None:
    (finding,) = ask(index_filter, shop, FILTERED)
    with applied(shop, finding.sql):
        assert told(shop, FILTERED) == []


@pytest.mark.parametrize(
    "condition",
    ["kind = 3 AND actor < 900", "kind = 3", "id = 3 AND kind = 3 AND at < '2024-01-01 00:10'"],
    ids=["most is kept", "no filter", "little is thrown away"],
)
def test_an_index_that_finds_what_is_wanted_is_left_alone(shop: str, condition: str) -> None:
    assert ask(index_filter, shop, f"SELECT * FROM event WHERE {condition}", "enable_seqscan=off") == []
