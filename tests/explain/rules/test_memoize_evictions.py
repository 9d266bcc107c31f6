"""A cache inside of the plan that forgets: found, with the memory that it wants; not where it keeps all."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import memoize_evictions
from tests.explain.rules.asking import ask, run

LOOKED_UP = "SELECT count(o.city) FROM line l JOIN buyer o ON o.id = l.order_id WHERE l.id <= 60000"
BY_LOOP = ("enable_hashjoin=off", "enable_mergejoin=off")


@pytest.fixture(scope="module")
def misled(shop: str) -> str:
    """The planner expects 50 different orders, so that a cache looks worth it; there are 60,000."""
    run(shop, 'CREATE TABLE buyer AS SELECT * FROM "order"; ALTER TABLE buyer ADD PRIMARY KEY (id); ANALYZE buyer')
    run(
        shop,
        "CREATE TABLE misled AS SELECT id, order_id FROM line; ALTER TABLE misled ALTER order_id SET (n_distinct = 50)",
    )
    run(shop, "ANALYZE misled")
    return shop


def test_results_that_are_forgotten_are_told(misled: str) -> None:
    (finding,) = ask(memoize_evictions, misled, LOOKED_UP.replace("line", "misled"), "work_mem=64kB", *BY_LOOP)
    assert "forgets" in finding.title
    size = (finding.sql or "").split("'")[1]
    assert ask(memoize_evictions, misled, LOOKED_UP.replace("line", "misled"), f"work_mem={size}", *BY_LOOP) == []


def test_a_cache_that_keeps_all_is_left_alone(misled: str) -> None:
    sql = LOOKED_UP.replace("line", "(SELECT id, 1 + order_id % 40 AS order_id FROM misled)")
    assert ask(memoize_evictions, misled, sql, "work_mem=64kB", *BY_LOOP) == []
