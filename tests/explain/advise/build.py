"""Tables, workloads and wishes for tests of index advice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from perfkit.explain.advise import Wish, advise
from perfkit.explain.advise.advice import Report
from perfkit.explain.advise.session import Meter, Session
from perfkit.explain.runner import Limits
from perfkit.model import CapturedQuery, ParameterSet

# 12,000 orders of 3,000 customers, wide enough that reading them all costs something.
ORDERS = """
CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL, active boolean NOT NULL, pad text NOT NULL);
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, status text NOT NULL,
    created_at timestamp NOT NULL, total numeric NOT NULL, data jsonb NOT NULL, note text NOT NULL
);
INSERT INTO customers
SELECT g, 'User' || g || '@example.org', g % 4 > 0, repeat('x', 80) FROM generate_series(1, 3000) g;
INSERT INTO orders
SELECT g, 1 + g % 3000, CASE WHEN g % 100 = 0 THEN 'void' ELSE (ARRAY['new', 'paid', 'sent'])[1 + g % 3] END,
       timestamp '2026-01-01' + g * 7919 % 12000 * interval '1 minute', g % 977,
       jsonb_build_object('kind', g % 1000, 'tag', md5(g::text)), md5(g::text) || repeat('y', 250)
FROM generate_series(1, 12000) g;
VACUUM ANALYZE customers, orders;
"""


def run(dsn: str, *statements: str) -> None:
    """Run each outside a transaction. A VACUUM marks no page all-visible whose rows' commit is not on the disk yet."""
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("SET synchronous_commit = on")
        for text in statements:
            for statement in text.split(";\n"):
                if statement.strip():
                    link.execute(statement.encode())


def fetch(dsn: str, sql: str) -> list[Any]:
    with psycopg.connect(dsn, autocommit=True) as link:
        return link.execute(sql.encode()).fetchall()


def a_query(statement: str, *sets: tuple[str | None, ...], calls: int = 100, total_ms: float = 1000.0) -> CapturedQuery:
    """As captured; `sets` are the values of some executions."""
    mean = total_ms / calls
    name = hashlib.blake2b(statement.encode(), digest_size=6).hexdigest()
    return CapturedQuery(
        name, statement, calls, total_ms, mean, mean, tuple(ParameterSet(values, mean) for values in sets)
    )


def advised(dsn: str, *queries: CapturedQuery, **wish: Any) -> Report:
    """Advice that was tried in the database itself, unless the wish says otherwise: a copy takes as long again."""
    return advise(dsn, queries, Wish(**({"build_on": "here"} | wish)))


def shapes(report: Report) -> list[str]:
    return [str(one.index) for one in report.advice]


@contextmanager
def a_session(dsn: str, *, is_ours: bool = False, budget_s: float = 60.0, timeout_s: float = 10.0) -> Iterator[Session]:
    with closing(Session(dsn, Meter(budget_s), Limits(timeout_s, 1.0), is_ours=is_ours)) as session:
        yield session
