"""Sessions of a real database: those that work, those that wait, and none of perfkit's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.samplers import postgres_activity
from perfkit.samplers.postgres_activity import UNNAMED, PostgresActivity
from tests.conftest import PostgresServer


@pytest.fixture
def dsn(postgres: PostgresServer) -> str:
    return postgres.fresh_database("sessions")


@pytest.fixture
def activity(dsn: str) -> Iterator[PostgresActivity]:
    sampler = PostgresActivity(dsn, 0.1)
    yield sampler
    sampler.close()


def test_who_holds_and_who_waits(dsn: str, activity: PostgresActivity) -> None:
    assert activity.read()["connections_count"] == 0
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn) as waiter:
        holder.execute("CREATE TABLE t (id INTEGER)")
        holder.commit()
        holder.execute("LOCK TABLE t")
        thread = threading.Thread(target=lambda: waiter.execute("LOCK TABLE t"))
        thread.start()
        told = _until_somebody_waits(activity)
        holder.rollback()
        thread.join()
    assert told == {"connections_count": 2, "busy_count": 2, "idle_in_transaction_count": 1, "lock_waiting_count": 1}


def test_of_those_that_wait_each_statement_is_counted(dsn: str, activity: PostgresActivity) -> None:
    """Under the name that it is given; perfkit does not know what makes two alike."""
    activity.named = lambda sql, query_id: f"{sql.split()[0]} - -"
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn) as waiter:
        holder.execute("CREATE TABLE wanted (id INTEGER)")
        holder.commit()
        holder.execute("LOCK TABLE wanted")
        thread = threading.Thread(target=lambda: waiter.execute("SELECT * FROM wanted"))
        thread.start()
        told = _until_somebody_waits(activity)
        holder.rollback()
        thread.join()
    assert told["lock_waiting_count SELECT - -"] == 1


def test_names_are_of_bounded_number(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_activity, "MOST_NAMES", 2)
    sampler = PostgresActivity(dsn, 0.1)
    sampler.named = lambda sql, query_id: sql
    told = sampler._waiting(["a", "b", "c", "a", "d"], [None] * 5)
    assert told == {"lock_waiting_count a": 2, "lock_waiting_count b": 1, f"lock_waiting_count {UNNAMED}": 2}


def _until_somebody_waits(activity: PostgresActivity) -> dict[str, float]:
    told: dict[str, float] = {}
    for _ in range(200):
        told = dict(activity.read())
        if told.get("lock_waiting_count"):
            break
        time.sleep(0.02)
    return told


def test_who_may_not_look_sees_connections_only(postgres: PostgresServer, dsn: str) -> None:
    """Zeros would say that nobody works."""
    with psycopg.connect(postgres.dsn, autocommit=True) as link:
        link.execute("DROP ROLE IF EXISTS onlooker")
        link.execute("CREATE ROLE onlooker LOGIN")
    sampler = PostgresActivity(make_conninfo(dsn, user="onlooker"), 0.1)
    with psycopg.connect(dsn):
        assert sampler.read() == {"connections_count": 1}
    sampler.close()


def test_a_database_that_is_gone_tells_nothing(dsn: str) -> None:
    sampler = PostgresActivity(make_conninfo(dsn, port=1), 0.1)
    assert [sampler.read(), sampler.read()] == [{}, {}]
    sampler.close()
