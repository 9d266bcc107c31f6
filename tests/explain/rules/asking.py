"""What a rule says of a real statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from perfkit.explain.rules import Rule, diagnose
from perfkit.model import Finding
from tests.explain.plans import a_real_plan

SERIAL = "max_parallel_workers_per_gather=0"
PARALLEL = (
    "max_parallel_workers_per_gather=2",
    "parallel_setup_cost=0",
    "parallel_tuple_cost=0",
    "min_parallel_table_scan_size=0",
)


def ask(rule: Rule, dsn: str, sql: str, *settings: str) -> list[Finding]:
    """What the rule finds when the statement is explained with these settings; without parallel workers if not said."""
    return rule.find(a_real_plan(dsn, sql, (), *_settled(settings)), None)


def told(dsn: str, sql: str, *settings: str) -> list[str]:
    """The names of what all rules together find in a statement, the most expensive first."""
    return [finding.rule for finding in diagnose([a_real_plan(dsn, sql, (), *_settled(settings))])]


def run(dsn: str, sql: str) -> None:
    """Statements in one text, each in a transaction of its own, on disk and in the server's statistics.

    Else VACUUM could not tell yet, and ANALYZE would come before what it is to forget.
    """
    with psycopg.connect(dsn, autocommit=True, options="-c synchronous_commit=on") as connection:
        for statement in sql.split(";"):
            if statement.strip():
                connection.execute(statement.encode())
                connection.execute("SELECT pg_stat_force_next_flush()")


@contextmanager
def applied(dsn: str, sql: str | None) -> Iterator[None]:
    """With the fix that a finding proposes; indexes and statistics that it makes are dropped again."""
    assert sql is not None
    before = _made(dsn)
    run(dsn, sql)
    try:
        yield
    finally:
        run(dsn, ";".join(f"DROP {one}" for one in _made(dsn) - before))


def _made(dsn: str) -> set[str]:
    question = """SELECT format('INDEX %I', indexname) FROM pg_indexes WHERE schemaname = 'public'
                  UNION SELECT format('STATISTICS %I', stxname) FROM pg_statistic_ext"""
    with psycopg.connect(dsn) as connection:
        return {row[0] for row in connection.execute(question)}


def _settled(settings: tuple[str, ...]) -> tuple[str, ...]:
    return settings if any(SERIAL.partition("=")[0] in one for one in settings) else (SERIAL, *settings)
