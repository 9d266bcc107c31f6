"""OFFSET that makes rows in vain: found; not a small one, nor one as large as what is kept."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import large_offset
from tests.explain.rules.asking import ask


def test_rows_made_to_be_thrown_away_are_found(shop: str) -> None:
    (finding,) = ask(large_offset, shop, "SELECT id FROM item ORDER BY note, id LIMIT 20 OFFSET 100000")
    assert finding.title == "OFFSET makes 100,000 rows and throws them away for 20"
    assert "its values of note, id" in finding.fix


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM item ORDER BY id LIMIT 20 OFFSET 900",
        "SELECT id FROM item ORDER BY id LIMIT 40000 OFFSET 40000",
        "SELECT id FROM item ORDER BY id LIMIT 20",
    ],
    ids=["small", "as large as the page", "none"],
)
def test_another_limit_is_left_alone(shop: str, sql: str) -> None:
    assert ask(large_offset, shop, sql) == []
