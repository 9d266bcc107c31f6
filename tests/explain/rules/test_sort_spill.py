"""A sort through temporary files: found, with the memory that it wants; left alone in memory."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import sort_spill
from perfkit.model import Finding, QueryPlan
from tests.explain.plans import a_node, a_plan, a_real_plan
from tests.explain.rules.asking import SERIAL


def find(plan: QueryPlan) -> list[Finding]:
    return sort_spill.find(plan, None)


SORTED = "SELECT id FROM item ORDER BY note, id DESC"


def test_a_sort_that_goes_to_disk_is_found(shop: str) -> None:
    (finding,) = find(a_real_plan(shop, SORTED, (), SERIAL, "work_mem=4MB"))
    assert finding.sql is not None
    assert finding.sql.startswith("SET LOCAL work_mem = '")
    assert "kB on disk in 1 process" in finding.evidence[0]


def test_a_sort_of_several_processes_is_found(shop: str) -> None:
    settings = ("max_parallel_workers_per_gather=2", "parallel_setup_cost=0", "parallel_tuple_cost=0", "work_mem=1MB")
    (finding,) = find(a_real_plan(shop, SORTED, (), *settings))
    assert "processes" in finding.evidence[0]


def test_with_the_memory_that_is_proposed_the_sort_stays_in_memory(shop: str) -> None:
    (finding,) = find(a_real_plan(shop, SORTED, (), SERIAL, "work_mem=4MB"))
    assert finding.sql is not None
    size = finding.sql.split("'")[1]
    plan = a_real_plan(shop, SORTED, (), SERIAL, f"work_mem={size}")
    assert plan.root.details["Sort Method"] == "quicksort"
    assert find(plan) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM item ORDER BY note, id DESC LIMIT 10",
        "SELECT id FROM small ORDER BY note, id DESC",
    ],
    ids=["the first few", "few rows"],
)
def test_a_sort_in_memory_is_left_alone(shop: str, sql: str) -> None:
    assert find(a_real_plan(shop, sql, (), SERIAL, "work_mem=4MB")) == []


@pytest.mark.parametrize(("ms", "expected"), [(11.0, 1), (9.0, 0)])
def test_a_sort_that_takes_hardly_any_of_the_time_is_left_alone(ms: float, expected: int) -> None:
    sort = a_node("Sort", ms, Sort_Method="external merge", Sort_Space_Used=5000, Sort_Space_Type="Disk")
    assert len(find(a_plan(a_node("Aggregate", 100.0, sort)))) == expected


def test_no_size_is_proposed_that_no_query_should_have() -> None:
    node = a_node("Sort", 900.0, Sort_Method="external merge", Sort_Space_Used=2_000_000, Sort_Space_Type="Disk")
    (finding,) = find(a_plan(node))
    assert finding.sql is None
