"""All partitions scanned for the rows of one: found; not where the key leaves some out, or all have rows."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import all_partitions
from tests.explain.rules.asking import ask


def test_partitions_without_a_row_are_found(shop: str) -> None:
    (finding,) = ask(all_partitions, shop, "SELECT * FROM visit WHERE customer = 3017")
    assert finding.title == "All 8 partitions of visit are scanned for rows of 1"
    assert finding.evidence[1] == "Condition: (customer = ?)"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM visit WHERE customer = 3017 AND day = 4",
        "SELECT * FROM visit WHERE customer % 1000 = 17",
        "SELECT * FROM small WHERE id = 1 " + "UNION ALL SELECT * FROM item WHERE id = -1 " * 4,
    ],
    ids=["left out by the key", "rows in all", "no partitions"],
)
def test_another_append_is_left_alone(shop: str, sql: str) -> None:
    assert ask(all_partitions, shop, sql) == []
