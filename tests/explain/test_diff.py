"""Two plans of one statement, node by node: what is as it was, what is done in another way, what is gone or new."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import given

from perfkit.explain.diff import diff, diffs
from perfkit.model import NodeChange, NotExplained, PlanDiff
from tests.explain.plans import Json, a_node, a_plan, a_real_plan, walk
from tests.explain.test_times import serial_plans

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

JOINED = "SELECT o.id, count(*) FROM o JOIN l ON l.o_id = o.id WHERE o.kind = 3 GROUP BY o.id ORDER BY 2"


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("compared")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE o AS SELECT g AS id, g % 900 AS kind FROM generate_series(1, 30000) g")
        connection.execute("CREATE TABLE l AS SELECT g AS id, g % 30000 AS o_id FROM generate_series(1, 60000) g")
        connection.execute("VACUUM ANALYZE")
    return address


def told(found: PlanDiff) -> list[tuple[str, str | None, str | None]]:
    return [(one.kind, one.before and one.before.what, one.after and one.after.what) for one in found.nodes]


def test_an_index_changes_the_scan_and_the_join_above_it(dsn: str) -> None:
    before = a_real_plan(dsn, JOINED)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE INDEX l_o ON l (o_id)")
    after = a_real_plan(dsn, JOINED)
    found = diff(before, after)
    assert ("changed", "Seq Scan on l", "Index Only Scan on l using l_o") in told(found)
    assert ("changed", "Hash Join", "Nested Loop") in told(found)
    assert ("gone", "Hash", None) in told(found)
    assert ("same", "Seq Scan on o", "Seq Scan on o") in told(found)
    assert found.before_ms == before.execution_ms
    (scan,) = (one for one in found.nodes if one.after and one.after.index == "l_o")
    assert scan.before is not None
    assert scan.after is not None
    assert (scan.before.rows, scan.before.pages) > (scan.after.rows, 0)


def test_workers_are_new_and_the_rest_is_found_again(dsn: str) -> None:
    settings = ("max_parallel_workers_per_gather=2", "parallel_setup_cost=0", "min_parallel_table_scan_size=0")
    sql = "SELECT count(*) FROM l"
    found = told(diff(a_real_plan(dsn, sql), a_real_plan(dsn, sql, (), *settings, "parallel_tuple_cost=0")))
    assert ("new", None, "Gather") in found
    assert ("same", "Seq Scan on l", "Seq Scan on l") in found


def test_pages_are_those_of_the_node_alone() -> None:
    scan = a_node("Seq Scan", 3.0, Relation_Name="t", Shared_Hit_Blocks=30)
    root = a_node("Sort", 4.0, scan, Shared_Hit_Blocks=32)
    assert [one.after and one.after.pages for one in diff(a_plan(root), a_plan(root)).nodes] == [2, 30]


def test_two_scans_of_one_table_are_told_apart_by_their_alias() -> None:
    def both(first: str, second: str) -> Json:
        scans = [a_node(kind, 1.0, Relation_Name="t", Alias=name) for kind, name in ((first, "a"), (second, "b"))]
        return a_node("Hash Join", 3.0, *scans)

    found = diff(a_plan(both("Seq Scan", "Index Scan")), a_plan(both("Index Scan", "Index Scan")))
    assert [one.kind for one in found.nodes] == ["same", "changed", "same"]


@given(serial_plans(depth=3))
def test_a_plan_is_the_same_as_itself(root: Json) -> None:
    assert {one.kind for one in diff(a_plan(root), a_plan(root)).nodes} == {"same"}


@given(serial_plans(depth=3), serial_plans(depth=3))
def test_every_node_of_both_plans_is_told_once(one: Json, other: Json) -> None:
    before, after = a_plan(one), a_plan(other)
    found = diff(before, after).nodes
    assert _sides(found, "before") == Counter(node.exclusive_ms for node in walk(before.root))
    assert _sides(found, "after") == Counter(node.exclusive_ms for node in walk(after.root))


def _sides(changes: tuple[NodeChange, ...], name: str) -> Counter[float | None]:
    return Counter(side.exclusive_ms for one in changes if (side := getattr(one, name)) is not None)


def test_statements_that_have_a_plan_on_one_side_only_are_left_out() -> None:
    plan = a_plan(a_node("Result", 1.0))
    assert diffs([plan, NotExplained("g", "a write")], [plan]) == (diff(plan, plan),)
    assert diffs([], [plan]) == diffs([plan], [NotExplained("f", "a write")]) == ()
