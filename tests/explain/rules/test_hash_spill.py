"""A hash table in temporary files: found for joins and groups, with the memory that it wants; not in memory."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import hash_spill
from tests.explain.rules.asking import ask

JOINED = "SELECT count(*) FROM item a JOIN item b USING (id)"
GROUPED = "SELECT code, count(*) FROM item GROUP BY code"
CASES = [(JOINED, "enable_mergejoin=off", "a join"), (GROUPED, "enable_sort=off", "grouping")]


@pytest.mark.parametrize(("sql", "setting", "what"), CASES)
def test_a_hash_table_that_does_not_fit_is_found(shop: str, sql: str, setting: str, what: str) -> None:
    (finding,) = ask(hash_spill, shop, sql, setting, "work_mem=256kB")
    assert finding.title == f"A hash table for {what} does not fit into memory and spills"
    size = (finding.sql or "").split("'")[1]
    assert ask(hash_spill, shop, sql, setting, f"work_mem={size}") == []


@pytest.mark.parametrize(("sql", "setting", "what"), CASES)
def test_a_hash_table_in_memory_is_left_alone(shop: str, sql: str, setting: str, what: str) -> None:
    assert ask(hash_spill, shop, sql.replace("item", "small"), setting, "work_mem=4MB") == []
