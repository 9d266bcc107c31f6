"""Checks of a foreign key that read the referring table: found where it has no index; not where it has one."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from perfkit.explain.facts import facts_of
from perfkit.explain.plan import read_plan
from perfkit.explain.rules import foreign_key_trigger
from perfkit.model import QueryPlan
from tests.explain.rules.asking import applied, run

DELETED = "EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM parent WHERE id <= 60"


@pytest.fixture(scope="module")
def family(shop: str) -> str:
    run(
        shop,
        "CREATE TABLE parent AS SELECT g AS id FROM generate_series(1, 500) g; ALTER TABLE parent ADD PRIMARY KEY (id)",
    )
    run(shop, "CREATE TABLE child AS SELECT g AS id, 100 + g % 400 AS parent_id FROM generate_series(1, 20000) g")
    run(shop, "ALTER TABLE child ADD CONSTRAINT of_parent FOREIGN KEY (parent_id) REFERENCES parent; ANALYZE child")
    return shop


def deleted(dsn: str) -> QueryPlan:
    """The plan of a real DELETE, which perfkit itself never runs."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(DELETED).fetchone()
        assert row is not None
        facts = facts_of(connection, row[0])
        connection.rollback()
    return read_plan(row[0], "f", "18", facts)


def test_a_check_that_reads_the_whole_table_is_found_and_gone_with_the_index(family: str) -> None:
    (finding,) = foreign_key_trigger.find(deleted(family), None)
    assert finding.evidence[0].startswith("Trigger for constraint of_parent: 60 calls")
    assert finding.sql == 'CREATE INDEX CONCURRENTLY ON child ("parent_id");'
    with applied(family, finding.sql):
        assert foreign_key_trigger.find(deleted(family), None) == []


def test_without_facts_the_constraint_is_named_and_no_sql(family: str) -> None:
    (finding,) = foreign_key_trigger.find(replace(deleted(family), facts=()), None)
    assert "of_parent" in finding.fix
    assert finding.sql is None


def test_a_trigger_that_checks_no_key_is_left_alone(family: str) -> None:
    plan = deleted(family)
    own = replace(plan.triggers[0], constraint=None, name="audit")
    assert foreign_key_trigger.find(replace(plan, triggers=(own,)), None) == []
