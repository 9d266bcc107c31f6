"""What is known of the tables in a plan, on this and on an older server; a plan never fails for want of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.model import ForeignKey, IndexFacts, TableFacts
from tests.explain.plans import a_real_plan

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

SCHEMA = """
CREATE TABLE "Parent" (id int PRIMARY KEY, word varchar(9));
CREATE INDEX words ON "Parent" (lower(word), id DESC) INCLUDE (word);
CREATE TABLE child (id int, p int CONSTRAINT bare REFERENCES "Parent", q int CONSTRAINT served REFERENCES "Parent");
CREATE INDEX ON child (q, id);
INSERT INTO "Parent" SELECT g, 'w' || g FROM generate_series(1, 900) g;
CREATE SCHEMA apart; CREATE TABLE apart.elsewhere (id int);
CREATE ROLE facts_guest LOGIN; GRANT SELECT ON child TO facts_guest;
"""


@pytest.fixture(scope="module", params=["embedded", "older"])
def dsn(request: pytest.FixtureRequest) -> str:
    address: str
    if request.param == "embedded":
        server: PostgresServer = request.getfixturevalue("postgres")
        address = server.fresh_database("facts")
    else:
        address = request.getfixturevalue("older_postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(SCHEMA)
    return address


def facts(dsn: str, sql: str) -> dict[str, TableFacts]:
    return {one.name: one for one in a_real_plan(dsn, sql).facts}


def test_a_table_tells_columns_indexes_and_who_refers_to_it(dsn: str) -> None:
    parent = facts(dsn, 'SELECT * FROM "Parent"')["Parent"]
    assert parent.types == {"id": "integer", "word": "character varying"}
    assert set(parent.indexes) == {IndexFacts("Parent_pkey", ("id",)), IndexFacts("words", (None, "id"))}
    assert parent.foreign_keys == (
        ForeignKey("bare", "child", ("p",), is_indexed=False),
        ForeignKey("served", "child", ("q",), is_indexed=True),
    )


def test_a_table_tells_how_old_its_statistics_are(dsn: str) -> None:
    never = facts(dsn, 'SELECT * FROM "Parent"')["Parent"]
    assert (never.analyzed_s_ago, never.row_bytes) == (None, None)
    assert never.changed_rows == 900
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute('ANALYZE "Parent"')
    fresh = facts(dsn, 'SELECT * FROM "Parent"')["Parent"]
    assert (fresh.rows, fresh.changed_rows) == (900.0, 0)
    assert fresh.analyzed_s_ago is not None
    assert fresh.row_bytes is not None
    assert fresh.pages > 0


def test_a_table_that_is_not_on_the_path_is_unknown(dsn: str) -> None:
    assert facts(dsn, "SELECT * FROM apart.elsewhere") == {}


def test_who_may_see_little_gets_the_plan_all_the_same(dsn: str) -> None:
    plan = a_real_plan(make_conninfo(dsn, user="facts_guest"), "SELECT * FROM child")
    assert [one.name for one in plan.facts] == ["child"]
