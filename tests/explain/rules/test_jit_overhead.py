"""Compiling that takes longer than it can save: found on a server that can compile; not when it is off or short."""

from __future__ import annotations

import psycopg
import pytest

from perfkit.explain.plan import read_plan
from perfkit.explain.rules import jit_overhead
from tests.explain.rules.asking import ask

SUMMED = "SELECT sum(g * 2 + 1), avg(g), count(*) FILTER (WHERE g % 3 = 1) FROM generate_series(1, 1000) g"
EAGER = ("jit_above_cost=0", "jit_optimize_above_cost=0", "jit_inline_above_cost=0")


@pytest.fixture(scope="module")
def compiling(older_postgres: str) -> str:
    """The embedded server is built without LLVM."""
    with psycopg.connect(older_postgres) as connection:
        row = connection.execute("SELECT pg_jit_available()").fetchone()
    if row != (True,):
        pytest.skip("this PostgreSQL cannot compile: it has no LLVM")
    return older_postgres


def test_compiling_that_takes_most_of_the_execution_is_found(compiling: str) -> None:
    (finding,) = ask(jit_overhead, compiling, SUMMED, "jit=on", *EAGER)
    assert finding.title.startswith("Compiling (JIT) takes ")
    assert ask(jit_overhead, compiling, SUMMED, "jit=off", *EAGER) == []


@pytest.mark.parametrize(("ms", "expected"), [(26.0, 1), (24.0, 0)])
def test_compiling_below_a_quarter_is_left_alone(ms: float, expected: int) -> None:
    plan = {"Node Type": "Result", "Actual Loops": 1, "Actual Rows": 1, "Actual Total Time": 99.0}
    jit = {"Functions": 9, "Timing": {"Total": ms}}
    document = [{"Plan": plan, "JIT": jit, "Execution Time": 100.0}]
    assert len(jit_overhead.find(read_plan(document, "f", "15"), None)) == expected
