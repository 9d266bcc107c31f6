"""An index read in its order for a LIMIT, in vain: found; not where enough rows fit soon, nor with a sort."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import limit_wrong_index
from tests.explain.rules.asking import applied, ask, told

LATE = "SELECT * FROM event WHERE actor = 7777 ORDER BY at LIMIT 5"


def test_rows_that_lie_at_the_end_of_the_order_are_told(shop: str) -> None:
    (finding,) = ask(limit_wrong_index, shop, LATE)
    assert finding.title == "99,005 rows of event are read in the order of event_at to find 5 for a LIMIT"
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON "event" (actor, "at");'


def test_with_the_index_that_is_proposed_they_are_found_at_once(shop: str) -> None:
    (finding,) = ask(limit_wrong_index, shop, LATE)
    with applied(shop, finding.sql):
        assert told(shop, LATE) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM event WHERE kind < 4 ORDER BY at LIMIT 5",
        "SELECT * FROM event WHERE actor = 7777 ORDER BY kind, id LIMIT 5",
        "SELECT * FROM event ORDER BY at LIMIT 5 OFFSET 50000",
    ],
    ids=["enough rows fit", "a sort", "no filter"],
)
def test_an_order_that_is_no_detour_is_left_alone(shop: str, sql: str) -> None:
    assert ask(limit_wrong_index, shop, sql) == []
