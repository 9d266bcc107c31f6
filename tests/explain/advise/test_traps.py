"""The traps of what-if indexes, each on a real server: what would call a good index useless, or a useless one good."""

from __future__ import annotations

import time
from dataclasses import replace

import psycopg
import pytest

from perfkit.explain.advise import NOT_TRIED, UNUSED, Wish, advise
from perfkit.explain.advise.asked.prepare import prepare
from perfkit.explain.advise.book import Book
from perfkit.explain.advise.catalog import read_book
from perfkit.explain.advise.chosen.pricing import can_pretend, pretending
from perfkit.explain.advise.index import Index, Key, TableName, create
from perfkit.explain.advise.places.place import NotBuilt, build
from perfkit.explain.advise.plan_shape import PLAN
from tests.explain.advise.build import a_query, a_session, advised, fetch, run, shapes
from tests.explain.advise.conftest import Shops

BY_CUSTOMER = a_query("SELECT note FROM orders WHERE customer_id = $1", ("7",))
ORDERS_NAME = TableName("public", "orders")
CUSTOMER_INDEX = Index(ORDERS_NAME, (Key("customer_id"),))


def test_hypopg_is_off_for_an_explain_that_names_analyze(shop_15: Shops) -> None:
    """Even where it says ANALYZE false. So perfkit's own options must not name it."""
    dsn = shop_15(extensions=("hypopg",))
    with a_session(dsn) as session, session.reading():
        session.rows("SELECT * FROM hypopg_create_index($1)", create(CUSTOMER_INDEX, "x"))
        plans = [session.explain(how, BY_CUSTOMER.statement, ("7",)) for how in (PLAN, f"ANALYZE false, {PLAN}")]
    assert ["Bitmap" in str(plan) for plan in plans] == [True, False]


def test_hypopg_sorts_out_what_no_plan_would_use_and_leaves_nothing(shop_15: Shops) -> None:
    """Without consent nothing is built: what it expects is told, and is not called advice."""
    dsn = shop_15(extensions=("hypopg",))
    before = fetch(dsn, "SELECT count(*) FROM pg_class")
    unused = a_query("SELECT note FROM orders WHERE total >= $1 ORDER BY note", ("0",))
    report = advise(dsn, [BY_CUSTOMER, unused], Wish())
    assert report.advice == ()
    told = {str(one.index): (one.reason, (one.estimated_ms or 0) > 500) for one in report.not_advised}
    assert told["orders (customer_id)"] == (NOT_TRIED, True)
    assert told["orders (total)"] == (UNUSED, False)
    assert fetch(dsn, "SELECT count(*) FROM pg_class") == before


def test_partial_indexes_are_not_given_to_a_hypopg_that_crashes_on_them() -> None:
    """1.4.2 and 1.4.3 ended the server's process for a partial index and a view."""
    partial = replace(CUSTOMER_INDEX, predicate="status = 'new'")
    able = {v: can_pretend(partial, Book({}, extensions={"hypopg": v})) for v in ("1.4.1", "1.4.2", "1.4.3", "1.4.4")}
    assert able == {"1.4.1": True, "1.4.2": False, "1.4.3": False, "1.4.4": True}
    assert can_pretend(CUSTOMER_INDEX, Book({}, extensions={"hypopg": "1.4.2"}))


def test_hypopg_is_not_asked_about_expressions_nor_gin() -> None:
    """It has no statistics of an expression, and no GIN."""
    book = Book({}, extensions={"hypopg": "1.4.1"})
    assert not can_pretend(Index(ORDERS_NAME, (Key(expression="(lower(note))"),)), book)
    assert not can_pretend(Index(ORDERS_NAME, (Key("data"),), method="gin"), book)
    assert not can_pretend(CUSTOMER_INDEX, Book({}))


def test_a_built_expression_index_gets_statistics(shop: Shops) -> None:
    """Without them the planner guesses that 1 in 200 rows has each value: 150 rows here, where there is one."""
    dsn = shop()
    with a_session(dsn, is_ours=True) as session:
        build(session, Index(ORDERS_NAME, (Key(expression="((data ->> 'tag'))"),)))
        with session.reading():
            plan = session.explain(PLAN, "SELECT 1 FROM orders WHERE data ->> 'tag' = $1", ("x",))
    assert plan["Plan"]["Plan Rows"] < 10


def test_an_index_that_the_planner_must_not_use_yet_is_built_anew(shop: Shops) -> None:
    """`indcheckxmin`: set by the broken HOT chains, and in force while an older transaction writes anywhere."""
    dsn, other = shop(), shop(name="other")
    run(dsn, "ALTER TABLE orders SET (fillfactor = 50)", "VACUUM FULL orders", "ANALYZE orders")
    with a_session(dsn, is_ours=True) as session, psycopg.connect(dsn) as old, psycopg.connect(other) as writer:
        writer.execute("SELECT pg_current_xact_id()")
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT 1")
        run(dsn, "UPDATE orders SET status = 'void' WHERE id % 50 = 0")
        old.rollback()
        run(dsn, "CREATE INDEX plain ON orders (status)")
        assert fetch(dsn, "SELECT indcheckxmin FROM pg_index WHERE indexrelid = 'plain'::regclass") == [(True,)]
        run(dsn, "DROP INDEX plain")
        built = build(session, Index(ORDERS_NAME, (Key("status"), Key("created_at"))))
        with session.reading():
            plan = session.explain(
                PLAN, "SELECT id FROM orders WHERE status = $1 ORDER BY created_at LIMIT 1", ("void",)
            )
    assert built.name.name in str(plan)


def test_an_index_that_stays_hidden_is_said_to_be_so(shop: Shops) -> None:
    """While the old snapshot is there VACUUM cannot prune: the candidate is no advice, and not called useless."""
    dsn, other = shop(), shop(name="other")
    run(dsn, "ALTER TABLE orders SET (fillfactor = 50)", "VACUUM FULL orders", "ANALYZE orders")
    with a_session(dsn, is_ours=True) as session, psycopg.connect(dsn) as old, psycopg.connect(other) as writer:
        writer.execute("SELECT pg_current_xact_id()")
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT 1")
        run(dsn, "UPDATE orders SET status = 'void' WHERE id % 50 = 0")
        with pytest.raises(NotBuilt, match="older than the index is still open"):
            build(session, Index(ORDERS_NAME, (Key("status"),)), sleep=lambda _: time.sleep(0.01), patience_s=0.3)
    assert fetch(dsn, "SELECT count(*) FROM pg_indexes WHERE tablename = 'orders'") == [(1,)]


def test_what_exists_is_not_advised_again_whatever_it_is_called(shop: Shops) -> None:
    """Left prefix, implied predicate, the primary key, another name: one index is enough."""
    dsn = shop()
    run(
        dsn,
        "CREATE INDEX a ON orders (customer_id, created_at)",
        "CREATE INDEX b ON customers (email) WHERE active",
        "CREATE INDEX c ON orders (status, created_at DESC)",
    )
    with a_session(dsn) as session:
        queries = [
            BY_CUSTOMER,
            a_query("SELECT * FROM orders WHERE id = $1", ("7",)),
            a_query("SELECT * FROM customers WHERE email = $1 AND active = true", ("User9@example.org",)),
            a_query("SELECT * FROM orders WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 3", ("7",)),
        ]
        workload = prepare(session, queries)
    assert len(workload.tasks) == 4
    report = advised(dsn, *queries)
    assert shapes(report) == []


def test_the_same_definition_under_another_name_is_refused_by_the_servers_own_words(shop: Shops) -> None:
    dsn = shop()
    run(dsn, "CREATE INDEX mine ON orders (customer_id)")
    with a_session(dsn, is_ours=True) as session, pytest.raises(NotBuilt, match="exists already"):
        build(session, CUSTOMER_INDEX)


def test_an_invalid_index_serves_nothing(shop: Shops) -> None:
    """A failed CONCURRENTLY leaves one behind: the advice stands, and the leftover is told."""
    dsn = shop()
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(dsn, "CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (customer_id)")
    report = advised(dsn, BY_CUSTOMER)
    assert shapes(report) == ["orders (customer_id)"]
    assert [one.because for one in report.unneeded] == ["it is invalid: a build of it failed"]


def test_the_catalog_holds_what_is_named_and_what_refers_to_it(shop_18: Shops) -> None:
    """A DELETE of a customer looks into the orders. Other tables, however many there are, are not read."""
    with a_session(shop_18("CREATE TABLE beside (id int)")) as session:
        book = read_book(session, {"customers"})
    assert {table.name for table in book.tables} == {"customers", "orders"}


def test_pretended_prices_are_close_to_real_ones(shop_15: Shops) -> None:
    """The same order of cost: the verdict is left to real runs all the same."""
    dsn = shop_15(extensions=("hypopg",))
    with a_session(dsn) as session:
        workload = prepare(session, [BY_CUSTOMER])
        pretended = pretending(session, workload.tasks)(BY_CUSTOMER.fingerprint, frozenset({CUSTOMER_INDEX})).cost
        run(dsn, create(CUSTOMER_INDEX, "real"))
        with session.reading():
            real = session.explain(PLAN, BY_CUSTOMER.statement, ("7",))["Plan"]["Total Cost"]
    assert real / 1.4 < pretended < real * 1.4


def test_nothing_is_left_when_a_copy_is_interrupted(shop: Shops) -> None:
    """Ctrl-C in the middle: the copy is gone."""
    dsn = shop()

    def stop(text: str) -> None:
        if "chosen" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        advise(dsn, [BY_CUSTOMER], Wish("copy"), note=stop)
    assert fetch(dsn, "SELECT count(*) FROM pg_database WHERE datname LIKE 'perfkit_copy%'") == [(0,)]
