"""A whole table read for a few rows: found, with an index that helps; left alone where reading all is right."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import selective_seq_scan
from perfkit.model import Finding, QueryPlan
from tests.explain.plans import a_node, a_plan, a_real_plan
from tests.explain.rules.asking import SERIAL, applied


def find(plan: QueryPlan) -> list[Finding]:
    return selective_seq_scan.find(plan, None)


ONE_ITEM = "SELECT * FROM item WHERE quotation_id = $1 AND status = $2"


@pytest.mark.parametrize("setting", [SERIAL, "max_parallel_workers_per_gather=2"])
def test_a_large_table_read_whole_for_a_few_rows_is_found(shop: str, setting: str) -> None:
    (finding,) = find(a_real_plan(shop, ONE_ITEM, ("17", "3x"), setting))
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON "item" (quotation_id, status);'
    assert "not verified" in finding.fix
    assert finding.impact_ms is not None
    assert finding.fingerprint == "f"
    assert finding.evidence[1] == "Filter: ((quotation_id = ?) AND ((status)::text = ?::text))"


def test_the_index_that_is_proposed_is_used(shop: str) -> None:
    (finding,) = find(a_real_plan(shop, ONE_ITEM, ("17", "3x"), SERIAL))
    with applied(shop, finding.sql):
        plan = a_real_plan(shop, ONE_ITEM, ("17", "3x"), SERIAL)
    assert find(plan) == []
    assert "Seq Scan" not in plan.root.kind


def test_where_no_plain_column_is_compared_no_index_is_named(shop: str) -> None:
    plan = a_real_plan(shop, "SELECT * FROM item WHERE lower(note) = 'z'", (), SERIAL)
    (finding,) = find(plan)
    assert finding.sql is None
    assert "on the expression" in finding.fix


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM small WHERE quotation_id = 17",
        "SELECT count(*) FROM item WHERE status = '3x'",
        "SELECT count(*) FROM item",
    ],
    ids=["small table", "many rows wanted", "no filter"],
)
def test_a_scan_that_is_no_waste_is_left_alone(shop: str, sql: str) -> None:
    assert find(a_real_plan(shop, sql, (), SERIAL)) == []


@pytest.mark.parametrize(("ms", "expected"), [(11.0, 1), (9.0, 0)])
def test_a_scan_that_takes_hardly_any_of_the_time_is_left_alone(ms: float, expected: int) -> None:
    scan = a_node("Seq Scan", ms, Relation_Name="t", Filter="(a = 1)", Rows_Removed_by_Filter=99_999)
    assert len(find(a_plan(a_node("Aggregate", 100.0, scan)))) == expected


def test_without_buffers_the_rows_tell_whether_a_table_is_large() -> None:
    def scan(removed: int) -> QueryPlan:
        return a_plan(a_node("Seq Scan", 9.0, Relation_Name="t", Filter="(a = 1)", Rows_Removed_by_Filter=removed))

    assert len(find(scan(60_000))) == 1
    assert find(scan(40_000)) == []


def test_an_index_has_equal_columns_first_then_lists_then_one_range() -> None:
    condition = "((d > 1) AND (b = ANY ('{1,2}'::integer[])) AND (a = 3) AND (lower(c) = 'x'::text))"
    node = a_node("Seq Scan", 9.0, Relation_Name="t", Alias="t", Filter=condition, Rows_Removed_by_Filter=99_999)
    (finding,) = find(a_plan(node))
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON "t" (a, b, d);'
