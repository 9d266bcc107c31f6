"""Nothing that perfkit runs changes data without consent, on PostgreSQL 15 and 18, whatever the workload holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from perfkit.errors import DatabaseError
from perfkit.explain.advise import Wish, advise
from perfkit.explain.advise.session import OutOfTime
from perfkit.explain.runner import Refused
from perfkit.model import CapturedQuery
from tests.explain.advise.build import a_query, a_session, advised, fetch, run, shapes
from tests.explain.advise.conftest import Shops

HOSTILE = """
CREATE SEQUENCE numbers;
CREATE TABLE told (what text);
CREATE FUNCTION wipe(n int) RETURNS int LANGUAGE plpgsql VOLATILE AS
$$ BEGIN DELETE FROM orders WHERE id = n; RETURN n; END $$;
CREATE FUNCTION innocent(n int) RETURNS int LANGUAGE plpgsql STABLE AS
$$ BEGIN PERFORM set_config('transaction_read_only', 'off', false); EXECUTE 'DELETE FROM orders'; RETURN n; END $$;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO told VALUES ('x'); RETURN NEW; END $$;
CREATE TRIGGER tells BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION tell()
"""
WORKLOAD = [
    a_query("SELECT note FROM orders WHERE customer_id = $1", ("7",)),
    a_query("SELECT note FROM orders WHERE customer_id = $1 FOR UPDATE", ("8",)),
    a_query("WITH gone AS (DELETE FROM orders WHERE customer_id = $1 RETURNING id) SELECT * FROM gone", ("9",)),
    a_query("SELECT nextval('numbers') FROM orders WHERE customer_id = $1", ("7",)),
    a_query("SELECT wipe(id) FROM orders WHERE customer_id = $1", ("7",)),
    a_query("SELECT innocent(id) FROM orders WHERE customer_id = $1", ("7",)),
    a_query("UPDATE orders SET note = note || $1 WHERE customer_id = $2", ("x", "7")),
    a_query("DELETE FROM customers WHERE id = $1", ("7",)),
    a_query("INSERT INTO orders SELECT id + 1000000, customer_id, status, created_at, total, data, note FROM orders"),
    a_query("SELECT 1; DELETE FROM orders"),
    a_query("SELECT 1 FROM orders; COMMIT; DROP TABLE orders"),
    a_query("DROP TABLE orders"),
    a_query("SELECT 1\0; DELETE FROM orders"),
    a_query("SELECT pg_sleep(30)"),
    a_query(
        "SELECT set_config('transaction_read_only', 'off', false), note FROM orders WHERE customer_id = $1", ("7",)
    ),
    a_query("COPY orders TO PROGRAM 'touch /tmp/perfkit-was-here'"),
    a_query("SELECT pg_terminate_backend(pg_backend_pid())"),
    a_query("SELECT pg_advisory_lock(7)"),
    a_query("SELECT note FROM orders WHERE customer_id = $1 AND note = $2", ("7",)),
    a_query("SELECT (" * 400 + "1" + ")" * 400),
    a_query("SELECT 'broken"),
    a_query("", total_ms=5.0),
]


def checksums(dsn: str) -> list[object]:
    """Of every table, the sequences, the objects that there are, and what others would notice."""
    tables = fetch(dsn, "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid > 16383 ORDER BY 1")
    questions = [
        f"SELECT '{name}', count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t" for (name,) in tables
    ]
    questions += [
        "SELECT last_value, is_called FROM numbers",
        "SELECT relname, relkind::text FROM pg_class WHERE oid > 16383 ORDER BY 1",
        "SELECT count(*) FROM pg_database",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    ]
    return [fetch(dsn, question) for question in questions]


def unchanged(shop: Shops) -> Iterator[str]:
    """A shop with traps; fails when anything in it is not as it was."""
    address = shop(HOSTILE)
    before = checksums(address)
    yield address
    assert checksums(address) == before


@pytest.fixture
def dsn(shop: Shops) -> Iterator[str]:
    yield from unchanged(shop)


@pytest.fixture
def dsn_18(shop_18: Shops) -> Iterator[str]:
    """Where the server's version says nothing."""
    yield from unchanged(shop_18)


def test_a_hostile_workload_changes_nothing(dsn: str) -> None:
    """On a copy too: the reasons why a statement was left out are the server's own."""
    report = advised(dsn, *WORKLOAD, build_on="copy", statement_timeout_s=0.5)
    assert "orders (customer_id)" in shapes(report)
    reasons = [report.left_out.get(query.fingerprint, "tried") for query in WORKLOAD]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "tried",
        "tried",
        "the database refuses it in a read-only transaction",
        "the database refuses it in a read-only transaction",
        "the database refuses it in a read-only transaction",
        "the database refuses it",
        "tried",
        "tried",
        "the database refuses it in a read-only transaction",
        "the database refuses it",
        "the database refuses it",
        "the database refuses it",
        "it holds a zero byte",
        "it ran longer than the statement timeout of 0.5 s",
        "the database refuses it",
        "the database refuses it",
        "the database refuses it",
        "tried",
        "no parameters were captured",
        "tried",
        "the database refuses it",
        "the database refuses it",
    ]


def test_where_indexes_are_built_in_the_database_itself_all_is_as_before(dsn: str) -> None:
    """`here`: consent to use it up; what was tried is gone at the end all the same, and no trigger was fired."""
    assert "orders (customer_id)" in shapes(advised(dsn, *WORKLOAD, statement_timeout_s=0.5))


def test_without_consent_nothing_is_built(dsn_18: str) -> None:
    report = advise(dsn_18, WORKLOAD, Wish(statement_timeout_s=0.5))
    assert report.advice == ()
    assert any("not verified" in one.reason for one in report.not_advised)


def test_a_side_without_an_index_cannot_write_either(dsn: str) -> None:
    """The transaction began so that it could drop; then it is READ ONLY for good."""
    run(dsn, "CREATE INDEX one ON orders (note)")
    with a_session(dsn, is_ours=True) as session:
        for sql in ("DELETE FROM orders", "SELECT set_config('transaction_read_only', 'off', false)"):
            refusal = pytest.raises(Refused, match=r"read-only transaction|before any query")
            with refusal, session.reading("DROP INDEX one"):
                session.explain("ANALYZE, FORMAT JSON", sql, ())
    run(dsn, "DROP INDEX one")


def test_the_budget_bounds_the_servers_time_and_is_told(dsn_18: str) -> None:
    """When it is used up the rest is left out, with that as the reason."""
    slow = [a_query(f"SELECT note, {number}, pg_sleep(0.1) FROM orders WHERE id = {number}") for number in range(20)]
    report = advised(dsn_18, *slow, budget_s=0.5)
    assert 0.5 <= report.server_s < 5.0
    assert "the time budget was used up before it was looked at" in report.left_out.values()


def test_with_a_used_up_budget_no_statement_runs(dsn_18: str) -> None:
    with a_session(dsn_18, budget_s=0.0) as session, session.reading(), pytest.raises(OutOfTime):
        session.explain("FORMAT JSON", "SELECT 1", ())


def test_a_table_that_another_session_has_locked_is_not_waited_for(dsn_18: str) -> None:
    """Not even the catalog tells its indexes then."""
    with psycopg.connect(dsn_18) as other:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseError, match="lock timeout"):
            advise(dsn_18, WORKLOAD[:1], Wish(lock_timeout_s=0.1))


def test_another_databases_statements_are_left_out(dsn_18: str) -> None:
    """One log serves all databases of a server."""
    query: CapturedQuery = replace(WORKLOAD[0], database="elsewhere")
    report = advise(dsn_18, [query], Wish())
    assert list(report.left_out.values()) == ["it ran in the database elsewhere"]
