"""An index-only scan that looks into the table: found before VACUUM, gone after it."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import heap_fetches
from tests.explain.rules.asking import ask, run

COUNTED = "SELECT count(id) FROM {table} WHERE id > 0"
BY_INDEX = ("enable_seqscan=off", "enable_bitmapscan=off")


@pytest.fixture(scope="module")
def written(shop: str) -> str:
    run(shop, "CREATE TABLE written AS SELECT id FROM event; CREATE INDEX ON written (id); ANALYZE written")
    return shop


def test_looks_into_the_table_are_found_and_gone_after_a_vacuum(written: str) -> None:
    sql = COUNTED.format(table="written")
    (finding,) = ask(heap_fetches, written, sql, *BY_INDEX)
    assert finding.title == "The index-only scan on written looks into the table 100,000 times"
    run(written, finding.sql or "")
    assert ask(heap_fetches, written, sql, *BY_INDEX) == []


def test_few_looks_are_left_alone(shop: str) -> None:
    run(
        shop, "CREATE TABLE rewritten AS SELECT id FROM event; CREATE INDEX ON rewritten (id); VACUUM ANALYZE rewritten"
    )
    run(shop, "UPDATE rewritten SET id = id WHERE id <= 400")
    assert ask(heap_fetches, shop, COUNTED.format(table="rewritten"), *BY_INDEX) == []
