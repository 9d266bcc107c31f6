"""Each kind of index is found where it helps, proven by real runs; what is not proven is not called advice."""

from __future__ import annotations

import pytest

from tests.explain.advise.build import a_query, advised, shapes
from tests.explain.advise.conftest import Shops

CASES = {
    "equality": (a_query("SELECT note FROM orders WHERE customer_id = $1", ("7",), ("8",)), "orders (customer_id)"),
    "order under a limit": (
        a_query("SELECT * FROM orders WHERE status = $1 ORDER BY created_at DESC LIMIT 5", ("void",)),
        "orders (status, created_at)",
    ),
    "one range after the fixed columns": (
        a_query(
            "SELECT * FROM orders WHERE status = $1 AND created_at >= $2 AND created_at < $3",
            ("void", "2026-01-05", "2026-01-06"),
        ),
        "orders (status, created_at)",
    ),
    "partial": (
        a_query("SELECT * FROM customers WHERE email = $1 AND active = true", ("User9@example.org",)),
        "customers (email) WHERE active = TRUE",
    ),
    "covering": (
        a_query(
            "SELECT sum(total) FROM orders WHERE created_at >= $1 AND created_at < $2", ("2026-01-02", "2026-01-04")
        ),
        "orders (created_at) INCLUDE (total)",
    ),
    "expression": (
        a_query("SELECT id FROM customers WHERE lower(email) = $1", ("user9@example.org",)),
        "customers ((lower(email)))",
    ),
    "JSON key": (a_query("SELECT note FROM orders WHERE data ->> 'tag' = $1", ("x",)), "orders (((data ->> 'tag')))"),
    "JSON contains": (
        a_query("SELECT note FROM orders WHERE data @> $1", ('{"kind": 7}',)),
        "orders USING gin (data jsonb_path_ops)",
    ),
    "trigrams": (
        a_query("SELECT id FROM orders WHERE note LIKE $1", ("%abcdef%",)),
        "orders USING gin (note gin_trgm_ops)",
    ),
    "correlated subquery": (
        a_query("SELECT c.id, (SELECT max(o.total) FROM orders o WHERE o.customer_id = c.id) FROM customers c LIMIT 9"),
        "orders (customer_id)",
    ),
    "inner side of a join": (
        a_query("SELECT o.note FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = $1", ("5",)),
        "orders (customer_id)",
    ),
    "the rows of an UPDATE": (
        a_query("UPDATE orders SET note = $1 WHERE customer_id = $2", ("n", "5")),
        "orders (customer_id)",
    ),
    "a view": (a_query("SELECT note FROM seen WHERE customer_id = $1", ("5",)), "orders (customer_id)"),
}


@pytest.fixture(scope="module")
def dsn(shop_18: Shops) -> str:
    return shop_18("CREATE VIEW seen AS SELECT * FROM orders WHERE total >= 0", extensions=("pg_trgm",))


@pytest.mark.parametrize("case", CASES)
def test_the_index_that_helps_is_found(dsn: str, case: str) -> None:
    query, wanted = CASES[case]
    report = advised(dsn, query)
    assert [one for one in shapes(report) if one.startswith(wanted)], (shapes(report), report.not_advised)
