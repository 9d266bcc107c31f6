"""Explaining changes nothing in the database, whatever the statement is; what is refused says why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.errors import DatabaseError
from perfkit.explain import explain, single
from perfkit.model import CapturedQuery, NotExplained, ParameterSet, QueryPlan

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

SCHEMA = """
CREATE TABLE kept (id int PRIMARY KEY, word text);
INSERT INTO kept SELECT g, 'w' || g FROM generate_series(1, 1000) g;
CREATE SEQUENCE numbers;
CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN DELETE FROM kept; RETURN 1; END $$;
CREATE FUNCTION innocent() RETURNS int LANGUAGE plpgsql STABLE AS $$
    BEGIN EXECUTE 'DELETE FROM kept'; RETURN 1; EXCEPTION WHEN OTHERS THEN
          PERFORM set_config('transaction_read_only', 'off', false); EXECUTE 'DELETE FROM kept'; RETURN 1; END $$;
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; DELETE FROM kept; COMMIT; END $$;
CREATE MATERIALIZED VIEW stale AS SELECT count(*) AS n FROM kept;
INSERT INTO kept VALUES (0, 'after the view');
ANALYZE kept;
"""


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("safe")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(SCHEMA)
    return address


@pytest.fixture
def unchanged(dsn: str) -> Iterator[None]:
    """Fails when anything in the database is not as it was."""
    before = everything(dsn)
    yield
    assert everything(dsn) == before


def everything(dsn: str) -> list[object]:
    questions = [
        "SELECT count(*), md5(string_agg(kept::text, ',' ORDER BY id)) FROM kept",
        "SELECT last_value, is_called FROM numbers",
        "SELECT n FROM stale",
        "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
        "SELECT current_setting('work_mem'), current_setting('default_transaction_read_only')",
    ]
    with psycopg.connect(dsn, autocommit=True) as connection:
        return [connection.execute(question).fetchall() for question in questions]


READ_ONLY = "the database refuses it in a read-only transaction"

REFUSED = [
    ("WITH gone AS (DELETE FROM kept RETURNING id) SELECT * FROM gone", READ_ONLY),
    ("SELECT wipe()", READ_ONLY),
    ("SELECT id FROM kept WHERE id = wipe()", READ_ONLY),
    ("SELECT innocent()", "cannot set transaction read-write mode"),
    ("SELECT nextval('numbers')", READ_ONLY),
    ("SELECT setval('numbers', 9)", READ_ONLY),
    ("DELETE FROM kept", READ_ONLY),
    ("UPDATE kept SET word = 'x'", READ_ONLY),
    ("INSERT INTO kept VALUES (-1, 'x')", READ_ONLY),
    ("SELECT * FROM kept FOR UPDATE", READ_ONLY),
    ("SELECT 1; DELETE FROM kept", "multiple commands"),
    ("SELECT 1; COMMIT; DELETE FROM kept", "multiple commands"),
    ("SELECT 1; ROLLBACK; DROP TABLE kept; BEGIN", "multiple commands"),
    ("COMMIT", "syntax error"),
    ("ROLLBACK; DELETE FROM kept", "syntax error"),
    ("CALL commits()", "syntax error"),
    ("DO $$ BEGIN DELETE FROM kept; END $$", "syntax error"),
    ("COPY (SELECT 1) TO PROGRAM 'touch {file}'", "syntax error"),
    ("COPY kept TO '{file}'", "syntax error"),
    ("VACUUM kept", "syntax error"),
    ("DROP TABLE kept", "syntax error"),
    ("SET work_mem = '1GB'", "syntax error"),
    ("SELECT set_config('transaction_read_only', 'off', false)", "cannot set transaction read-write mode"),
    ("REFRESH MATERIALIZED VIEW stale", "no plan"),
    ("EXECUTE something", "does not exist"),
    ("", "syntax error"),
    ("SELECT 1\0; DELETE FROM kept", "zero byte"),
    ("SELECT * FROM kept WHERE id = $1", "no parameters were captured"),
    ("SELECT '\ud800'", "cannot be sent"),
    ("SELECT pg_sleep(30)", "longer than the statement timeout of 0.3 s"),
    ("SELECT pg_terminate_backend(pg_backend_pid())", "terminating connection"),
]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("statement", "reason"), REFUSED)
def test_what_writes_waits_or_is_no_query_is_not_explained(
    dsn: str, tmp_path: Path, statement: str, reason: str
) -> None:
    file = tmp_path / "written"
    outcome = single(dsn, statement.replace("{file}", str(file)), fingerprint="f", statement_timeout_s=0.3)
    assert isinstance(outcome, NotExplained)
    assert reason in outcome.reason
    assert not file.exists()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE made AS SELECT * FROM kept",
        "SELECT * INTO made FROM kept",
        "SELECT set_config('work_mem', '1GB', false)",
        "SELECT set_config('default_transaction_read_only', 'on', false)",
        "SELECT pg_advisory_lock(7)",
        "SELECT pg_notify('channel', 'x')",
        "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM kept",
    ],
)
def test_what_the_server_lets_a_reader_do_is_undone(dsn: str, statement: str) -> None:
    """EXPLAIN of CREATE TABLE AS really makes the table in a read-only transaction: only the rollback undoes it."""
    assert isinstance(single(dsn, statement), QueryPlan)


@pytest.mark.usefixtures("unchanged")
def test_a_table_that_another_session_has_locked_is_not_waited_for(dsn: str) -> None:
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE kept IN ACCESS EXCLUSIVE MODE")
        outcome = single(dsn, "SELECT * FROM kept", lock_timeout_s=0.1)
    assert outcome == NotExplained("", "it waited longer than 0.1 s for a lock that another session holds")


def test_no_connection_is_left_behind(dsn: str) -> None:
    def ours() -> object:
        with psycopg.connect(dsn) as connection:
            row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perfkit'")
            return row.fetchone()

    single(dsn, "SELECT 1")
    single(dsn, "SELECT pg_sleep(30)", statement_timeout_s=0.1)
    deadline = time.monotonic() + 10
    while ours() != (0,) and time.monotonic() < deadline:
        time.sleep(0.02)  # a server process ends a moment after its client
    assert ours() == (0,)


def test_a_reason_does_not_tell_the_values(dsn: str) -> None:
    outcome = single(dsn, "SELECT $1::uuid", ("Zq7Xw",))
    assert isinstance(outcome, NotExplained)
    assert "Zq7Xw" not in outcome.reason


def a_query(statement: str, *values: str | None, total_ms: float = 100.0) -> CapturedQuery:
    sets = (ParameterSet(values, total_ms),)
    return CapturedQuery(statement[:12], statement, 1, total_ms, total_ms, total_ms, sets)


def test_parameters_are_bound_as_they_were_captured(dsn: str) -> None:
    nasty = "it's\n', $2 = 'x'; DELETE FROM kept; --"
    (plan,) = explain(dsn, [a_query("SELECT * FROM kept WHERE word = $1 OR id = $2", nasty, "7")])
    assert isinstance(plan, QueryPlan)
    assert plan.root.actual_rows == 1.0


def test_a_null_and_a_type_that_cannot_be_inferred_are_bound_too(dsn: str) -> None:
    (plan,) = explain(
        dsn, [a_query("SELECT * FROM kept WHERE ($1 IS NULL OR $2 IS NOT NULL) AND id < $3", None, "", "3")]
    )
    assert isinstance(plan, QueryPlan)
    assert plan.root.actual_rows == 3.0


def test_the_plan_is_that_of_these_parameters_and_not_a_general_one(dsn: str) -> None:
    few = single(dsn, "SELECT * FROM kept WHERE id > $1", ("998",))
    all_ = single(dsn, "SELECT * FROM kept WHERE id > $1", ("0",))
    assert isinstance(few, QueryPlan)
    assert isinstance(all_, QueryPlan)
    assert few.root.kind != all_.root.kind == "Seq Scan"


def test_percent_signs_are_left_alone(dsn: str) -> None:
    (plan,) = explain(dsn, [a_query("SELECT * FROM kept WHERE word LIKE 'w%' AND id % 2 = $1", "1")])
    assert isinstance(plan, QueryPlan)
    assert plan.root.actual_rows == 500.0


def test_the_worst_come_first_and_a_refused_one_takes_nobody_s_place(dsn: str) -> None:
    queries = [
        a_query("SELECT 3", total_ms=3.0),
        a_query("DELETE FROM kept", total_ms=9.0),
        a_query("SELECT 2", total_ms=5.0),
        a_query("SELECT 1", total_ms=7.0),
    ]
    outcomes = explain(dsn, queries, worst=2)
    assert [(type(one), one.fingerprint) for one in outcomes] == [
        (NotExplained, "DELETE FROM "),
        (QueryPlan, "SELECT 1"),
        (QueryPlan, "SELECT 2"),
    ]


def test_timeouts_do_not_take_for_ever_either(dsn: str) -> None:
    """At a second a question, two timeouts of one second are used up after two statements."""
    ticks = iter(range(1000))
    queries = [a_query(f"SELECT pg_sleep(9), {number}", total_ms=float(number)) for number in range(9)]
    outcomes = explain(dsn, queries, worst=2, statement_timeout_s=0.1, clock=lambda: next(ticks) * 0.1)
    assert len(outcomes) == 2


def test_when_the_server_goes_away_the_remaining_queries_say_so(dsn: str) -> None:
    gone = make_conninfo(dsn, host="127.0.0.1", port=1, password="Zq7Xw")
    outcomes = explain(gone, [a_query("SELECT 1"), a_query("SELECT 2"), a_query("SELECT 3")], worst=2)
    assert [type(outcome) for outcome in outcomes] == [NotExplained, NotExplained]
    assert all("does not let perfkit in" in getattr(outcome, "reason", "") for outcome in outcomes)
    assert "Zq7Xw" not in repr(outcomes)


def test_a_single_statement_on_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(DatabaseError):
        single("postgresql://bob@127.0.0.1:1/erp", "SELECT 1")
