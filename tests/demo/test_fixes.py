"""The names of the fixes, and the indexes."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.demo.erp import login, quotations
from perfkit.demo.fixes import FIXES, INDEXES, apply_indexes, drop_indexes, parse_fixes
from perfkit.demo.seed import seed
from perfkit.errors import UsageError
from tests.conftest import PostgresServer


@given(st.frozensets(st.sampled_from(sorted(FIXES)), min_size=1))
def test_any_choice_of_fixes_is_read_back(chosen: frozenset[str]) -> None:
    """Names with commas, in any case and spacing."""
    assert parse_fixes(" , ".join(name.upper() for name in chosen)) == chosen


def test_all_and_none_are_words() -> None:
    assert parse_fixes("all") == frozenset(FIXES)
    assert parse_fixes("none") == frozenset()


@pytest.mark.parametrize(
    ("text", "hint"), [("indexs", "indexes"), ("cache,n+1", "n_plus_one"), ("", "indexes"), ("all,cache", "one of")]
)
def test_a_wrong_name_gets_a_way_out(text: str, hint: str) -> None:
    """The nearest name where there is one, else all of them."""
    with pytest.raises(UsageError) as caught:
        parse_fixes(text)
    assert hint in (caught.value.hint or "")


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    dsn = postgres.fresh_database("fixes")
    seed(dsn, 0.05)
    return dsn


def valid_indexes(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as link:
        found = link.execute(
            "SELECT relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid "
            "WHERE indisvalid AND NOT indisprimary AND relnamespace = 'public'::REGNAMESPACE"
        ).fetchall()
    return {name for (name,) in found}


def plan(dsn: str, query: str, values: dict[str, object]) -> str:
    with psycopg.connect(dsn) as link:
        return "\n".join(line for (line,) in link.execute("EXPLAIN " + query, values))  # type: ignore[arg-type]


def test_indexes_come_and_go_as_often_as_wanted(dsn: str) -> None:
    """Both ways twice: the second time nothing is left to do, and nothing fails."""
    for _ in range(2):
        apply_indexes(dsn)
        assert valid_indexes(dsn) == set(INDEXES)
    for _ in range(2):
        drop_indexes(dsn)
        assert valid_indexes(dsn) == set()


def test_an_unfinished_index_is_built_anew(dsn: str) -> None:
    """CREATE INDEX CONCURRENTLY leaves an invalid index behind when it fails, and IF NOT EXISTS would keep it."""
    with psycopg.connect(dsn, autocommit=True) as link, pytest.raises(psycopg.errors.UniqueViolation):
        link.execute("CREATE UNIQUE INDEX CONCURRENTLY idx_orders_date ON orders (status)")
    apply_indexes(dsn)
    assert "idx_orders_date" in valid_indexes(dsn)
    drop_indexes(dsn)


def test_the_queries_of_the_erp_use_the_indexes(dsn: str) -> None:
    """The planner takes them for the ERP's own text: sequential scans before, index scans after."""
    of_customer = quotations.QUOTATIONS.format(columns="*", page="")
    items = quotations.ITEMS.format(columns="*")
    user = login.USER.format(columns="u.*")
    asked = {
        "idx_quotations_customer_date": (of_customer, {"customer_id": 3}),
        "idx_quotation_items_quotation_product": (items, {"id": 3}),
        "idx_users_email_active": (user, {"email": "user000003@meridian-pharma.example"}),
    }
    drop_indexes(dsn)
    assert all("Seq Scan" in plan(dsn, *query) for query in asked.values())
    apply_indexes(dsn)
    assert [name for name, query in asked.items() if name not in plan(dsn, *query)] == []
    drop_indexes(dsn)
