"""EXPLAIN's JSON of a real server becomes a tree of plan nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from perfkit.explain.plan import read_plan
from tests.explain.plans import a_node, a_plan, a_real_plan, walk

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

SERIAL = "max_parallel_workers_per_gather=0"
PARALLEL = ("max_parallel_workers_per_gather=2", "parallel_setup_cost=0", "min_parallel_table_scan_size=0")


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("planned")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE t AS SELECT g AS id, g % 100 AS s FROM generate_series(1, 50000) g")
        connection.execute("CREATE INDEX t_id ON t (id)")
        connection.execute("VACUUM ANALYZE t")
    return address


def test_a_node_has_its_fields_and_all_other_keys_as_details() -> None:
    json = a_node("Index Scan", 2.0, loops=3, rows=5, Relation_Name="t", Index_Name="t_id", Filter="(a = 1)", New_Key=7)
    node = a_plan(json).root
    assert (node.kind, node.relation, node.index, node.planned_rows, node.loops) == ("Index Scan", "t", "t_id", 15, 3)
    assert node.details == {"Filter": "(a = 1)", "New Key": 7}


@pytest.mark.parametrize("document", [None, [], ["Utility Statement"], [{}], {"Plan": None}])
def test_a_document_without_a_plan_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match="no plan"):
        read_plan(document, "f", "18.1")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT s, count(*) FROM t GROUP BY s ORDER BY 2",
        "SELECT count(*) FROM t a JOIN t b USING (id) WHERE a.s = 3",
        "SELECT count(*) FROM t WHERE s > (SELECT avg(s) FROM t)",
        "WITH x AS MATERIALIZED (SELECT s, count(*) n FROM t GROUP BY s)"
        " SELECT * FROM x a JOIN x b USING (s) WHERE a.n >= (SELECT avg(n) FROM x)",
        "SELECT (SELECT max(id) FROM t b WHERE b.s = a.s) FROM t a WHERE id < 4",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000) SELECT sum(n) FROM r",
    ],
)
def test_exclusive_times_of_a_real_serial_plan_add_up_to_the_whole(dsn: str, sql: str) -> None:
    plan = a_real_plan(dsn, sql, (), SERIAL)
    whole = plan.root.total_ms
    assert whole is not None
    assert sum(node.exclusive_ms or 0.0 for node in walk(plan.root)) == pytest.approx(whole, rel=0.05, abs=0.1)


def test_of_a_parallel_plan_the_rows_are_those_of_all_processes(dsn: str) -> None:
    plan = a_real_plan(dsn, "SELECT count(*) FROM t", (), *PARALLEL)
    kinds = [node.kind for node in walk(plan.root)]
    assert "Gather" in kinds
    scan = walk(plan.root)[-1]
    assert scan.actual_rows == pytest.approx(50_000, abs=scan.loops)


def test_of_a_parallel_plan_no_node_takes_longer_than_the_whole(dsn: str) -> None:
    plan = a_real_plan(dsn, "SELECT count(*) FROM t a JOIN t b USING (id)", (), *PARALLEL)
    whole = plan.execution_ms or 0.0
    assert all((node.total_ms or 0.0) <= whole * 1.05 for node in walk(plan.root))


def test_the_plan_tells_its_server_and_what_was_set_otherwise(dsn: str) -> None:
    plan = a_real_plan(dsn, "SELECT 1", (), "enable_hashjoin=off")
    assert plan.server_version.startswith("18")
    assert plan.settings["enable_hashjoin"] == "off"
    assert plan.planning_ms is not None
    assert plan.execution_ms is not None
