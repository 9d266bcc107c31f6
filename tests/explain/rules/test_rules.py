"""Every rule on a real server: a case in which it speaks and its fix helps, and near misses in which it is silent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

import perfkit.explain.rules
from perfkit.explain.rules import RULES, diagnose, row_misestimate, selective_seq_scan, sort_spill
from perfkit.explain.rules.rule import Rule
from perfkit.model import CapturedQuery, Finding, NotExplained, QueryPlan
from tests.explain.plans import a_node, a_plan, a_real_plan

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

ITEMS = """
CREATE TABLE item AS SELECT g AS id, g % 20000 AS quotation_id, (g % 7 || 'x')::varchar(9) AS status,
                            repeat('y', 60) AS note FROM generate_series(1, 120000) g;
CREATE TABLE small AS SELECT * FROM item LIMIT 5000;
ANALYZE item; ANALYZE small;
"""
ORDERS = """
CREATE TABLE "order" AS SELECT g AS id, 'city' || g % 50 AS city, 'land' || g % 50 AS land
                       FROM generate_series(1, 60000) g;
CREATE TABLE line AS SELECT g AS id, g % 60000 AS order_id FROM generate_series(1, 240000) g;
CREATE INDEX line_order ON line (order_id);
ANALYZE "order"; ANALYZE line;
"""
SERIAL = "max_parallel_workers_per_gather=0"


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("diagnosed")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(ITEMS)
        connection.execute(ORDERS)
    return address


def found(rule: Rule, plan: QueryPlan) -> list[Finding]:
    return rule.find(plan, None)


def apply(dsn: str, finding: Finding) -> None:
    assert finding.sql is not None
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in finding.sql.split(";"):
            connection.execute(statement.encode())


# selective_seq_scan


ONE_ITEM = "SELECT * FROM item WHERE quotation_id = $1 AND status = $2"


@pytest.mark.parametrize("setting", [SERIAL, "max_parallel_workers_per_gather=2"])
def test_a_large_table_read_whole_for_a_few_rows_is_found(dsn: str, setting: str) -> None:
    (finding,) = found(selective_seq_scan, a_real_plan(dsn, ONE_ITEM, ("17", "3x"), setting))
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON "item" (quotation_id, status);'
    assert "not verified" in finding.fix
    assert finding.impact_ms is not None
    assert finding.fingerprint == "f"
    assert finding.evidence[1] == "Filter: ((quotation_id = ?) AND ((status)::text = ?::text))"


def test_the_index_that_is_proposed_is_used(dsn: str, postgres: PostgresServer) -> None:
    own = postgres.fresh_database("indexed")
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute(ITEMS)
    (finding,) = found(selective_seq_scan, a_real_plan(own, ONE_ITEM, ("17", "3x"), SERIAL))
    apply(own, finding)
    plan = a_real_plan(own, ONE_ITEM, ("17", "3x"), SERIAL)
    assert found(selective_seq_scan, plan) == []
    assert "Seq Scan" not in plan.root.kind


def test_where_no_plain_column_is_compared_no_index_is_named(dsn: str) -> None:
    plan = a_real_plan(dsn, "SELECT * FROM item WHERE lower(note) = 'z'", (), SERIAL)
    (finding,) = found(selective_seq_scan, plan)
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
def test_a_scan_that_is_no_waste_is_left_alone(dsn: str, sql: str) -> None:
    assert found(selective_seq_scan, a_real_plan(dsn, sql, (), SERIAL)) == []


@pytest.mark.parametrize(("ms", "expected"), [(11.0, 1), (9.0, 0)])
def test_a_scan_that_takes_hardly_any_of_the_time_is_left_alone(ms: float, expected: int) -> None:
    scan = a_node("Seq Scan", ms, Relation_Name="t", Filter="(a = 1)", Rows_Removed_by_Filter=99_999)
    assert len(found(selective_seq_scan, a_plan(a_node("Aggregate", 100.0, scan)))) == expected


def test_without_buffers_the_rows_tell_whether_a_table_is_large() -> None:
    def scan(removed: int) -> QueryPlan:
        return a_plan(a_node("Seq Scan", 9.0, Relation_Name="t", Filter="(a = 1)", Rows_Removed_by_Filter=removed))

    assert len(found(selective_seq_scan, scan(60_000))) == 1
    assert found(selective_seq_scan, scan(40_000)) == []


def test_an_index_has_equal_columns_first_then_lists_then_one_range() -> None:
    condition = "((d > 1) AND (b = ANY ('{1,2}'::integer[])) AND (a = 3) AND (lower(c) = 'x'::text))"
    node = a_node("Seq Scan", 9.0, Relation_Name="t", Alias="t", Filter=condition, Rows_Removed_by_Filter=99_999)
    (finding,) = found(selective_seq_scan, a_plan(node))
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON "t" (a, b, d);'


# sort_spill


SORTED = "SELECT id FROM item ORDER BY note, id DESC"


def test_a_sort_that_goes_to_disk_is_found(dsn: str) -> None:
    (finding,) = found(sort_spill, a_real_plan(dsn, SORTED, (), SERIAL, "work_mem=4MB"))
    assert finding.sql is not None
    assert finding.sql.startswith("SET LOCAL work_mem = '")
    assert "kB on disk in 1 process" in finding.evidence[0]


def test_a_sort_of_several_processes_is_found(dsn: str) -> None:
    settings = ("max_parallel_workers_per_gather=2", "parallel_setup_cost=0", "parallel_tuple_cost=0", "work_mem=1MB")
    (finding,) = found(sort_spill, a_real_plan(dsn, SORTED, (), *settings))
    assert "processes" in finding.evidence[0]


def test_with_the_memory_that_is_proposed_the_sort_stays_in_memory(dsn: str) -> None:
    (finding,) = found(sort_spill, a_real_plan(dsn, SORTED, (), SERIAL, "work_mem=4MB"))
    assert finding.sql is not None
    size = finding.sql.split("'")[1]
    plan = a_real_plan(dsn, SORTED, (), SERIAL, f"work_mem={size}")
    assert plan.root.details["Sort Method"] == "quicksort"
    assert found(sort_spill, plan) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM item ORDER BY note, id DESC LIMIT 10",
        "SELECT id FROM small ORDER BY note, id DESC",
    ],
    ids=["the first few", "few rows"],
)
def test_a_sort_in_memory_is_left_alone(dsn: str, sql: str) -> None:
    assert found(sort_spill, a_real_plan(dsn, sql, (), SERIAL, "work_mem=4MB")) == []


@pytest.mark.parametrize(("ms", "expected"), [(11.0, 1), (9.0, 0)])
def test_a_sort_that_takes_hardly_any_of_the_time_is_left_alone(ms: float, expected: int) -> None:
    sort = a_node("Sort", ms, Sort_Method="external merge", Sort_Space_Used=5000, Sort_Space_Type="Disk")
    assert len(found(sort_spill, a_plan(a_node("Aggregate", 100.0, sort)))) == expected


def test_no_size_is_proposed_that_no_query_should_have() -> None:
    node = a_node("Sort", 900.0, Sort_Method="external merge", Sort_Space_Used=2_000_000, Sort_Space_Type="Disk")
    (finding,) = found(sort_spill, a_plan(node))
    assert finding.sql is None


# row_misestimate


CORRELATED = """SELECT count(*) FROM "order" o JOIN line l ON l.order_id = o.id
                WHERE o.city = $1 AND o.land = $2"""


def test_columns_that_depend_on_each_other_are_found_where_they_mislead_a_join(dsn: str) -> None:
    (finding,) = found(row_misestimate, a_real_plan(dsn, CORRELATED, ("city7", "land7"), SERIAL))
    assert finding.sql == ('CREATE STATISTICS "order_city_land_stats" ON city, land FROM "order"; ANALYZE "order";')
    assert "Seq Scan on order" in finding.evidence[0]
    assert not any("city7" in line for line in finding.evidence)


def test_with_the_statistics_that_are_proposed_the_planner_is_right(dsn: str, postgres: PostgresServer) -> None:
    own = postgres.fresh_database("counted")
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute(ORDERS)
    (finding,) = found(row_misestimate, a_real_plan(own, CORRELATED, ("city7", "land7"), SERIAL))
    apply(own, finding)
    assert found(row_misestimate, a_real_plan(own, CORRELATED, ("city7", "land7"), SERIAL)) == []


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT count(*) FROM "order" WHERE city = $1 AND land = $2',
        """SELECT * FROM "order" o JOIN line l ON l.order_id = o.id WHERE o.city = $1 AND o.id > $2::int LIMIT 3""",
        """SELECT count(*) FROM "order" o JOIN line l ON l.order_id = o.id WHERE o.city = $1 AND o.id > $2::int""",
    ],
    ids=["no join depends on it", "stopped early", "well estimated"],
)
def test_an_estimate_that_misleads_nobody_is_left_alone(dsn: str, sql: str) -> None:
    parameters = ("city7", "land7" if "land" in sql else "5")
    assert found(row_misestimate, a_real_plan(dsn, sql, parameters, SERIAL)) == []


def test_only_the_lowest_of_the_wrong_nodes_is_told() -> None:
    scan = a_node("Seq Scan", 5.0, Relation_Name="t", Plan_Rows=10, Actual_Rows=9000)
    hash_ = a_node("Hash", 6.0, scan, Plan_Rows=10, Actual_Rows=9000)
    join = a_node("Hash Join", 60.0, a_node("Seq Scan", 20.0, rows=5000), hash_, Plan_Rows=10, Actual_Rows=9000)
    (finding,) = found(row_misestimate, a_plan(join))
    assert (finding.title, finding.sql) == ("The planner is off by a factor of 900 at Seq Scan on t", 'ANALYZE "t";')
    assert finding.impact_ms == 55.0


# all of them


def test_findings_are_ranked_by_their_impact_on_the_whole_load() -> None:
    def plan(fingerprint: str, ms: float) -> QueryPlan:
        node = a_node("Seq Scan", ms, Relation_Name=fingerprint, Filter="(a = 1)", Rows_Removed_by_Filter=99_999)
        from dataclasses import replace

        return replace(a_plan(node), fingerprint=fingerprint)

    def query(fingerprint: str, calls: int) -> CapturedQuery:
        return CapturedQuery(fingerprint, "SELECT", calls, 1.0, 1.0, 1.0)

    plans = [NotExplained("c", "a write"), plan("slow", 100.0), plan("often", 20.0), plan("alone", 50.0)]
    findings = diagnose(plans, [query("slow", 2), query("often", 50)])
    assert [finding.fingerprint for finding in findings] == ["often", "slow", "alone"]


def test_a_plan_without_times_gives_no_finding() -> None:
    node = a_node("Seq Scan", None, Relation_Name="t", Filter="(a = 1)", Rows_Removed_by_Filter=99_999)
    assert diagnose([a_plan(node)]) == ()


def test_every_module_that_finds_something_is_a_rule_with_its_own_name() -> None:
    folder = Path(perfkit.explain.rules.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "\ndef find(" in path.read_text()}
    assert modules == {rule.NAME for rule in RULES}
    assert len(RULES) == len(modules)
