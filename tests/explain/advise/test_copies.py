"""A copy can be had while the application stays connected and writes; it is like the original, and never stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.errors import DatabaseError
from perfkit.explain.advise import Wish, advise
from perfkit.explain.advise.advice import Report
from perfkit.explain.advise.asked.prepare import prepare
from perfkit.explain.advise.places import dump, snapshot
from perfkit.explain.advise.places.copies import Wanted, copied
from perfkit.explain.advise.session import Meter
from perfkit.explain.runner import Limits
from perfkit.model import CapturedQuery
from tests.explain.advise.build import a_query, a_session, advised, fetch, run, shapes
from tests.explain.advise.conftest import Shops, wait_until

BY_CUSTOMER = a_query("SELECT note FROM orders WHERE customer_id = $1", ("7",))
COPIES = "SELECT count(*) FROM pg_database WHERE datname LIKE 'perfkit_copy%'"
LIMITS = Limits(10.0, 1.0)

# One of each of what a table, a plan or a statement may need.
RICH = """
CREATE SCHEMA extra;
CREATE TYPE extra.mood AS ENUM ('good', 'bad');
CREATE DOMAIN extra.amount AS numeric CHECK (VALUE >= 0);
CREATE FUNCTION extra.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION prices_above(n int) RETURNS bigint LANGUAGE plpgsql STABLE AS
$$ BEGIN RETURN (SELECT count(*) FROM prices WHERE price > n); END $$;
CREATE TABLE prices (id serial PRIMARY KEY, price extra.amount NOT NULL, mood extra.mood,
  doubled int GENERATED ALWAYS AS (extra.twice(7)) STORED, "Odd ""name" float8, raw bytea, at timestamptz);
INSERT INTO prices (price, mood, "Odd ""name", raw, at)
SELECT g, 'bad', 1.0 / g, decode(md5(g::text), 'hex'), timestamptz '2026-01-01 00:00:00.123456+02' + g * interval '1 s'
FROM generate_series(1, 500) g;
CREATE INDEX prices_twice ON prices (extra.twice(id)) WHERE mood = 'bad';
CREATE STATISTICS priced (dependencies) ON price, mood FROM prices;
CREATE VIEW cheap AS SELECT * FROM prices WHERE price < 100;
CREATE MATERIALIZED VIEW dear AS SELECT * FROM prices WHERE price >= 400;
CREATE INDEX dear_price ON dear (price);
CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO parts SELECT g, date '2026-01-01' + g % 50 FROM generate_series(1, 500) g;
CREATE INDEX parts_id ON parts (id);
CREATE TABLE untouched AS SELECT g FROM generate_series(1, 500) g;
ALTER DATABASE advised SET random_page_cost = 1.5;
ALTER DATABASE advised SET search_path = "$user", public, extra;
VACUUM ANALYZE prices, dear, parts_1
"""
ODD = [
    a_query("SELECT * FROM cheap WHERE mood = $1", ("bad",)),
    a_query("SELECT * FROM dear WHERE price = $1", ("450",)),
    a_query("SELECT * FROM parts WHERE at = $1", ("2026-01-05",)),
    a_query("SELECT prices_above($1), twice($2)", ("10", "4")),
]
WHOLE = "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t.ctid)) FROM {} t"


def proven_on_a_copy(dsn: str, *queries: CapturedQuery, **wish: float) -> Report:
    return advised(dsn, *queries, build_on="copy", **wish)


@contextmanager
def somebody(dsn: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """An application that is connected."""
    with psycopg.connect(dsn, application_name="the shop", autocommit=True) as link:
        yield link


@contextmanager
def a_copy(dsn: str, *queries: CapturedQuery, **more: float) -> Iterator[str]:
    with a_session(dsn) as session:
        tasks = prepare(session, queries).tasks
    remarks: list[str] = []
    with copied(dsn, Wanted(tasks, remark=remarks.append, **more), Meter(60.0), LIMITS) as address:
        yield address
    assert not remarks or "; 0 of " in remarks[0], remarks


def test_a_copy_is_made_and_advised_on_while_the_application_writes(shop: Shops) -> None:
    """It goes on all the time, in short transactions and one long one; the advice is the same as without it."""
    dsn = shop()
    written, is_over, waits = [0], threading.Event(), list[object]()

    def write() -> None:
        with somebody(dsn) as link:
            link.execute("SET lock_timeout = '2s'")
            while not is_over.is_set():
                link.execute("INSERT INTO orders SELECT max(id) + 1, 7, 'new', now(), 1, '{}', 'new' FROM orders")
                link.execute("UPDATE orders SET note = note || '!' WHERE id = 5")
                written[0] += 1

    writer = threading.Thread(target=write)
    with somebody(dsn) as other:
        other.execute("BEGIN")
        other.execute("UPDATE orders SET note = 'open' WHERE id = 6")
        writer.start()
        try:
            report = advise(
                dsn,
                [BY_CUSTOMER],
                Wish("copy"),
                note=lambda text: waits.append(fetch(dsn, "SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0]),
            )
        finally:
            is_over.set()
            writer.join()
        other.execute("COMMIT")
    assert shapes(report) == ["orders (customer_id)"]
    assert "tables that the workload reads (1); 0 of 1 statements are planned otherwise" in " ".join(report.notes)
    assert written[0] > 10
    assert fetch(dsn, COPIES) == [(0,)]
    assert fetch(dsn, "SELECT count(*) FROM pg_indexes WHERE tablename = 'orders'") == [(1,)]


def test_the_copy_has_what_statements_need_and_no_more_rows_than_that(shop: Shops) -> None:
    """What a function reads is seen by its locks; partitions that a plan left out come along; settings too."""
    dsn = shop(RICH)
    tables = ("prices", "dear", "parts_1", "parts_2")
    with somebody(dsn), a_copy(dsn, *ODD) as copy:
        assert [fetch(copy, WHOLE.format(name)) for name in tables] == [
            fetch(dsn, WHOLE.format(name)) for name in tables
        ]
        assert fetch(copy, "SELECT count(*) FROM orders") == [(0,)]
        assert fetch(copy, "SELECT count(*) FROM untouched") == [(0,)]
        for asked in (
            "SELECT indexdef FROM pg_indexes WHERE tablename !~ '^pg_' ORDER BY indexname",
            "SELECT current_setting('random_page_cost'), current_setting('search_path')",
            "SELECT attname, correlation FROM pg_stats WHERE tablename = 'prices' ORDER BY 1",
            "SELECT relname, relpages, relallvisible FROM pg_class WHERE relname IN ('prices', 'parts_1') ORDER BY 1",
            "SELECT relname, reltuples FROM pg_class WHERE relname ~ '^(parts|prices|dear)' ORDER BY 1",
            "SELECT datcollate, datctype, encoding FROM pg_database WHERE datname = current_database()",
        ):
            assert fetch(copy, asked) == fetch(dsn, asked)


def test_the_copy_is_of_one_moment(shop_18: Shops) -> None:
    """An order that comes while another table is copied, and its customer, are both not there."""
    dsn = shop_18()
    join = a_query("SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id")
    with somebody(dsn) as other:

        def meanwhile(text: str) -> None:
            if text == "building the indexes of the copy":
                other.execute("INSERT INTO customers VALUES (9999, 'x', true, 'x')")
                other.execute("UPDATE orders SET customer_id = 9999")

        with a_session(dsn) as session:
            tasks = prepare(session, [join]).tasks
        with copied(dsn, Wanted(tasks, note=meanwhile), Meter(60.0), LIMITS) as copy:
            assert fetch(copy, "SELECT count(*) FROM customers WHERE id = 9999") == [(0,)]
            assert fetch(copy, "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id") == [(12000,)]


def test_nothing_is_locked_beyond_access_share(shop_18: Shops) -> None:
    dsn = shop_18()
    modes: set[str] = set()
    mine = "SELECT DISTINCT mode FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE application_name = 'perfkit'"
    mine += " AND datname = 'advised' AND locktype = 'relation'"

    def look(text: str) -> None:
        with psycopg.connect(dsn) as link:
            modes.update(row[0] for row in link.execute(mine).fetchall())

    with a_session(dsn) as session:
        tasks = prepare(session, [BY_CUSTOMER]).tasks
    with somebody(dsn), copied(dsn, Wanted(tasks, note=look), Meter(60.0), LIMITS):
        pass
    assert modes == {"AccessShareLock"}


def test_where_nobody_is_connected_the_database_is_copied_as_it_is(shop_18: Shops) -> None:
    """All of it, with the rows of tables that no statement reads; and its settings, which the server leaves out."""
    with a_copy(shop_18("ALTER DATABASE advised SET random_page_cost = 1.5"), BY_CUSTOMER) as copy:
        assert fetch(copy, "SHOW random_page_cost") == [("1.5",)]
        assert fetch(copy, "SELECT count(*) FROM customers") == [(3000,)]


def test_a_copy_larger_than_allowed_is_refused_with_its_size(shop_18: Shops) -> None:
    """A database that is larger is tried in part first."""
    dsn = shop_18()
    with pytest.raises(DatabaseError, match=r"the copy needs [\d.]+ MB, more than the 1.00 MB") as refused:
        proven_on_a_copy(dsn, BY_CUSTOMER, copy_bytes=1e6)
    assert "--copy-limit" in str(refused.value.hint)
    with a_copy(dsn, BY_CUSTOMER, most_bytes=8e6) as copy:
        assert fetch(copy, "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customers)") == [(12000, 0)]
    assert fetch(dsn, COPIES) == [(0,)]


def test_a_large_copy_tells_how_far_it_is(shop_18: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "NOTE_EVERY_S", 0.0)
    dsn, said = shop_18(), list[str]()
    with a_session(dsn) as session:
        tasks = prepare(session, [BY_CUSTOMER]).tasks
    with somebody(dsn), copied(dsn, Wanted(tasks, note=said.append), Meter(60.0), LIMITS):
        pass
    assert said[0] == "copying the tables that the workload reads (1), 5.51 MB"
    assert said[-2].startswith("copying public.orders: 4.")
    assert said[-2].endswith(" MB of about 5.51 MB")


def test_a_copy_that_takes_too_long_is_given_up_and_dropped(shop_18: Shops) -> None:
    dsn = shop_18()
    with a_session(dsn) as session:
        tasks = prepare(session, [BY_CUSTOMER]).tasks
    meter = Meter(60.0)

    def spend(text: str) -> None:
        meter.spent_s = 60.0

    given_up = pytest.raises(DatabaseError, match="time budget was used up before the copy was made")
    with somebody(dsn), given_up, copied(dsn, Wanted(tasks, note=spend), meter, LIMITS):
        raise AssertionError
    assert fetch(dsn, COPIES) == [(0,)]


def test_ctrl_c_in_the_middle_of_the_copy_leaves_nothing(shop_18: Shops) -> None:
    dsn = shop_18()

    def stop(text: str) -> None:
        if "building" in text:
            raise KeyboardInterrupt

    with somebody(dsn), pytest.raises(KeyboardInterrupt):
        advise(dsn, [BY_CUSTOMER], Wish("copy"), note=stop)
    assert fetch(dsn, COPIES) == [(0,)]


def test_what_a_killed_perfkit_left_is_dropped_by_the_next_and_what_another_uses_is_not(shop_18: Shops) -> None:
    dsn = shop_18()
    source = (
        "import time\nfrom perfkit.explain.advise.places.copies import Wanted, copied\n"
        "from perfkit.explain.advise.session import Meter\nfrom perfkit.explain.runner import Limits\n"
        f"with copied({dsn!r}, Wanted(), Meter(60.0), Limits(10.0, 1.0)):\n    time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", source])
    try:
        wait_until(lambda: fetch(dsn, COPIES) == [(1,)])
        with a_copy(dsn, BY_CUSTOMER):
            assert fetch(dsn, COPIES) == [(2,)]
        assert fetch(dsn, COPIES) == [(1,)]
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    wait_until(lambda: not fetch(dsn, "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'perfkit_copy%'"))
    with a_copy(dsn, BY_CUSTOMER):
        assert fetch(dsn, COPIES) == [(1,)]
    assert fetch(dsn, COPIES) == [(0,)]


def test_without_the_right_to_make_a_database_it_says_which(shop_18: Shops) -> None:
    dsn = shop_18("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN IN ROLE pg_read_all_data")
    with pytest.raises(DatabaseError, match="cannot be copied: the database refuses: permission denied") as refused:
        proven_on_a_copy(make_conninfo(dsn, user="reader"), BY_CUSTOMER)
    assert "CREATEDB" in str(refused.value.hint)
    run(dsn, "ALTER ROLE reader CREATEDB")
    assert shapes(proven_on_a_copy(make_conninfo(dsn, user="reader"), BY_CUSTOMER)) == ["orders (customer_id)"]


def test_a_table_that_is_locked_is_not_waited_for(shop_18: Shops) -> None:
    """Not even one that no statement reads: its definition is read. What was begun is gone."""
    dsn = shop_18()
    with a_session(dsn) as session:
        tasks = prepare(session, [BY_CUSTOMER]).tasks
    with somebody(dsn) as other, other.transaction():
        other.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        refusal = pytest.raises(DatabaseError, match=r"schema cannot be read: .* LOCK TABLE")
        with refusal, copied(dsn, Wanted(tasks), Meter(60.0), Limits(10.0, 0.2)):
            raise AssertionError
    assert fetch(dsn, COPIES) == [(0,)]


def test_rows_that_the_role_may_not_see_are_not_left_out_silently(shop_18: Shops) -> None:
    """Row security would make the copy smaller than the original, and every figure with it."""
    dsn = shop_18(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN CREATEDB IN ROLE pg_read_all_data",
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY half ON orders USING (id < 6000)",
    )
    with pytest.raises(DatabaseError, match="row-level security"):
        proven_on_a_copy(make_conninfo(dsn, user="reader"), BY_CUSTOMER)


def test_an_older_pg_dump_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.3'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert shutil.which("pg_dump") == str(old)
    assert dump.program(12) == old
    with pytest.raises(DatabaseError, match=r"needs a pg_dump of version 99 or later: .* is of 12"):
        dump.program(99)
