"""The planner's default for a function: found where it misleads a join; not where it was told or none depends on it."""

from __future__ import annotations

import psycopg
import pytest

from perfkit.explain.rules import function_rows
from tests.explain.rules.asking import ask


@pytest.fixture(scope="module")
def many(shop: str) -> str:
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("""CREATE FUNCTION many() RETURNS SETOF int LANGUAGE plpgsql STABLE
                              AS 'BEGIN RETURN QUERY SELECT generate_series(1, 40000); END'""")
    return shop


JOINED = "SELECT count(*) FROM {function}() w(id) JOIN line l ON l.order_id = w.id"


def test_a_default_that_is_far_off_is_found(many: str) -> None:
    (finding,) = ask(function_rows, many, JOINED.format(function="many"))
    assert finding.title == "The planner expects 1,000 rows from many, as it knows nothing of it; 40,000 came"
    assert "ALTER FUNCTION many ROWS 40000" in finding.fix


def test_a_function_that_tells_its_rows_is_left_alone(many: str) -> None:
    with psycopg.connect(many, autocommit=True) as connection:
        connection.execute("ALTER FUNCTION many ROWS 40000")
        try:
            assert ask(function_rows, many, JOINED.format(function="many")) == []
        finally:
            connection.execute("ALTER FUNCTION many ROWS 1000")


def test_where_no_join_depends_on_it_nothing_is_said(many: str) -> None:
    assert ask(function_rows, many, "SELECT count(*) FROM many()") == []
