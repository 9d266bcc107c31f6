"""Seeding: tables of the demo only, without indexes, and never over somebody's data."""

from __future__ import annotations

import psycopg
import pytest

from perfkit.demo.schema import TABLES
from perfkit.demo.seed import seed
from perfkit.errors import DatabaseError, UsageError
from tests.conftest import PostgresServer

SCALE = 0.002


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    dsn = postgres.fresh_database("seed")
    seed(dsn, SCALE)
    return dsn


def test_all_tables_are_filled_and_analysed(dsn: str) -> None:
    """The planner knows every table from the start."""
    with psycopg.connect(dsn) as link:
        known = link.execute("SELECT relname, reltuples FROM pg_class WHERE relname = ANY(%s)", (list(TABLES),))
        sizes: dict[str, float] = dict(known.fetchall())
    assert sizes.keys() == TABLES.keys()
    assert min(sizes.values()) > 0


def test_there_is_no_index_but_primary_keys(dsn: str) -> None:
    """The defect is real: foreign keys, e-mails and filters have none."""
    with psycopg.connect(dsn) as link:
        found = link.execute(
            "SELECT count(*), bool_and(indisprimary) FROM pg_index i JOIN pg_class c ON c.oid = indrelid "
            "WHERE relnamespace = 'public'::REGNAMESPACE"
        ).fetchone()
    assert found == (len(TABLES), True)


def test_seeding_again_replaces(dsn: str) -> None:
    """A second seed gives the same rows, not twice as many."""
    count = "SELECT count(*), sum(line_total) FROM quotation_items"
    with psycopg.connect(dsn, autocommit=True) as link:
        before = link.execute(count).fetchone()
        link.execute("DELETE FROM quotation_items WHERE id < 50")
        seed(dsn, SCALE)
        assert link.execute(count).fetchone() == before


def test_new_rows_go_on_after_the_seeded_ones(dsn: str) -> None:
    """The identity of quotations does not begin at 1 again."""
    with psycopg.connect(dsn) as link:
        row = link.execute(
            "SELECT nextval(pg_get_serial_sequence('quotations', 'id')) > max(id) FROM quotations"
        ).fetchone()
    assert row == (True,)


def test_tables_of_others_are_not_touched(postgres: PostgresServer) -> None:
    """A database with a table `users` of its own keeps it, and the message names it."""
    dsn = postgres.fresh_database("seed_others")
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("CREATE TABLE users AS SELECT 'precious' AS name")
        with pytest.raises(UsageError, match="users"):
            seed(dsn, SCALE)
        assert link.execute("SELECT name FROM users").fetchall() == [("precious",)]
        assert link.execute("SELECT to_regclass('customers')").fetchone() == (None,)


def test_unreachable_database_is_said() -> None:
    """No server is one sentence, not psycopg's exception."""
    with pytest.raises(DatabaseError):
        seed("postgresql://nobody@/none?host=/nowhere", SCALE)
