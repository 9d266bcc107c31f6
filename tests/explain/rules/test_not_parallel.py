"""A large table read by one process for a summary: found; not a small one, few rows, or all rows wanted."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import not_parallel
from tests.explain.rules.asking import PARALLEL, ask

SUMMARY = "SELECT count(*) FROM broad WHERE body LIKE '%b'"


def test_a_large_table_that_one_process_reads_is_told(shop: str) -> None:
    (finding,) = ask(not_parallel, shop, SUMMARY)
    assert finding.sql == "SET LOCAL max_parallel_workers_per_gather = 2;"
    assert "max_parallel_workers_per_gather = 0" in finding.evidence


def test_with_workers_nothing_is_said(shop: str) -> None:
    assert ask(not_parallel, shop, SUMMARY, *PARALLEL) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM item WHERE note LIKE '%y'",
        "SELECT count(*) FROM broad WHERE body LIKE '%c'",
        "SELECT id FROM broad WHERE body LIKE '%b'",
    ],
    ids=["a smaller table", "few rows wanted", "all rows wanted"],
)
def test_another_scan_is_left_alone(shop: str, sql: str) -> None:
    assert ask(not_parallel, shop, sql) == []
