"""Indexes are built on the real database as was shown, can be undone, and leave nothing behind when they fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from perfkit.errors import DatabaseError, StoreError
from perfkit.explain.advise.advice import Advice
from perfkit.explain.advise.applied.apply import apply
from perfkit.explain.advise.applied.steps import Step, steps
from perfkit.explain.advise.index import Index, Key, TableName, name_of
from tests.explain.advise.build import fetch, run
from tests.explain.advise.conftest import Shops, wait_until

ORDERS_NAME = TableName("public", "orders")
STATES = (
    "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE relname LIKE 'ix%'"
)


def an_advice(*keys: Key) -> Advice:
    index = Index(ORDERS_NAME, keys)
    return Advice(index, name_of(index), bytes=8192, build_s=0.1, evidence=(), effects=(), saved_ms=1.0)


BY_CUSTOMER = an_advice(Key("customer_id"))
BY_TAG = an_advice(Key(expression="((data ->> 'tag'))"))


def test_what_was_advised_is_built_and_the_script_undoes_it(shop: Shops, tmp_path: Path) -> None:
    """An index on an expression has its statistics then."""
    dsn, undo = shop(), tmp_path / "undo.sql"
    done = apply(dsn, steps(dsn, [BY_CUSTOMER, BY_TAG]), undo)
    assert dict(fetch(dsn, STATES)) == {BY_CUSTOMER.name: True, BY_TAG.name: True}
    assert [step.name.name for step, _ in done.built] == [BY_CUSTOMER.name, BY_TAG.name]
    assert fetch(dsn, f"SELECT count(*) FROM pg_stats WHERE tablename = '{BY_TAG.name}'") == [(1,)]
    run(dsn, *(line for line in undo.read_text().splitlines() if not line.startswith("--")))
    assert fetch(dsn, STATES) == []


def test_a_second_time_nothing_is_left_to_do(shop_18: Shops, tmp_path: Path) -> None:
    dsn = shop_18()
    apply(dsn, steps(dsn, [BY_CUSTOMER]), tmp_path / "undo.sql")
    assert steps(dsn, [BY_CUSTOMER]) == []
    apply(dsn, [], tmp_path / "second.sql")
    assert not (tmp_path / "second.sql").exists()


def test_an_invalid_leftover_is_built_anew(shop_18: Shops, tmp_path: Path) -> None:
    """What an earlier, killed perfkit left under this name goes first."""
    dsn = shop_18()
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(dsn, f"CREATE UNIQUE INDEX CONCURRENTLY {BY_CUSTOMER.name} ON orders (customer_id)")
    apply(dsn, steps(dsn, [BY_CUSTOMER]), tmp_path / "undo.sql")
    assert fetch(dsn, STATES) == [(BY_CUSTOMER.name, True)]


def test_the_undo_script_is_there_before_the_first_index_is_begun(shop_18: Shops, tmp_path: Path) -> None:
    dsn, undo = shop_18(), tmp_path / "undo.sql"
    seen: list[bool] = []
    apply(dsn, steps(dsn, [BY_CUSTOMER]), undo, note=lambda _: seen.append(undo.exists() and fetch(dsn, STATES) == []))
    assert seen == [True]


def test_an_undo_script_of_an_earlier_time_is_not_written_over(shop_18: Shops, tmp_path: Path) -> None:
    dsn, undo = shop_18(), tmp_path / "undo.sql"
    undo.write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        apply(dsn, steps(dsn, [BY_CUSTOMER]), undo)
    assert (undo.read_text(), fetch(dsn, STATES)) == ("mine", [])


def test_a_failed_build_leaves_no_invalid_index(shop: Shops, tmp_path: Path) -> None:
    """Here for duplicates, which CONCURRENTLY finds only when the index is already in the catalog."""
    dsn = shop()
    step = Step(TableName("public", "ix_unique"), "CREATE UNIQUE INDEX CONCURRENTLY ix_unique ON orders (customer_id)")
    with pytest.raises(DatabaseError, match="ix_unique was not built") as failed:
        apply(dsn, [step], tmp_path / "undo.sql")
    assert "nothing is left" in str(failed.value.hint)
    assert fetch(dsn, STATES) == []


def test_a_lock_is_not_waited_for_longer_than_asked(shop: Shops, tmp_path: Path) -> None:
    """Somebody changes the table: the build gives up, says who that may be, and nothing of it is left."""
    dsn = shop()
    todo = steps(dsn, [BY_CUSTOMER])
    with psycopg.connect(dsn, application_name="the shop") as other:
        other.execute("LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE")
        holder = rf"lock that another session holds; .* is that of the shop \(process {other.info.backend_pid}\)"
        with pytest.raises(DatabaseError, match=holder):
            apply(dsn, todo, tmp_path / "undo.sql", lock_timeout_s=0.2)
    assert fetch(dsn, STATES) == []


def test_an_invalid_index_that_cannot_be_dropped_is_named(shop: Shops, tmp_path: Path) -> None:
    """A writer that has not ended holds up the build and the cleaning both."""
    dsn = shop()
    todo = steps(dsn, [BY_CUSTOMER])
    with psycopg.connect(dsn) as other:
        other.execute("UPDATE orders SET note = note WHERE id = 1")
        with pytest.raises(DatabaseError, match=r"the INVALID index public\.ix_orders_customer_id is left"):
            apply(dsn, todo, tmp_path / "undo.sql", lock_timeout_s=0.2)
    assert [is_valid for _, is_valid in fetch(dsn, STATES)] == [False]


def test_ctrl_c_leaves_no_invalid_index(shop_18: Shops, tmp_path: Path) -> None:
    """A build that waits for a reader's old snapshot is interrupted: the server cancels it, and it is dropped."""
    dsn = shop_18()
    source = (
        "import sys\nfrom pathlib import Path\nfrom perfkit.explain.advise.applied.apply import apply\n"
        "from tests.explain.advise.test_apply import BY_CUSTOMER, steps\n"
        f"apply({dsn!r}, steps({dsn!r}, [BY_CUSTOMER]), Path({str(tmp_path / 'undo.sql')!r}))\n"
    )
    with psycopg.connect(dsn) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1")  # an old snapshot, and no lock on the table
        child = subprocess.Popen([sys.executable, "-c", source], stderr=subprocess.PIPE, env=dict(os.environ))
        wait_until(lambda: len(fetch(dsn, STATES)) == 1)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
    assert b"KeyboardInterrupt" in said
    assert fetch(dsn, STATES) == []


def test_two_do_not_build_at_the_same_time(shop_18: Shops, tmp_path: Path) -> None:
    """What the first is building is INVALID until it is done: the second would take it for a leftover."""
    dsn = shop_18()
    with psycopg.connect(dsn) as old, ThreadPoolExecutor(1) as pool:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT 1")  # the first waits for it
        first = pool.submit(apply, dsn, steps(dsn, [BY_CUSTOMER]), tmp_path / "first.sql")
        wait_until(lambda: fetch(dsn, STATES) == [(BY_CUSTOMER.name, False)])
        with pytest.raises(DatabaseError, match="another perfkit is building"):
            apply(dsn, steps(dsn, [BY_CUSTOMER]), tmp_path / "second.sql")
        old.rollback()
        first.result(30)
    assert fetch(dsn, STATES) == [(BY_CUSTOMER.name, True)]
    assert not (tmp_path / "second.sql").exists()


def test_a_name_that_something_else_has_is_refused(shop_18: Shops) -> None:
    dsn = shop_18(f"CREATE TABLE {BY_CUSTOMER.name} (id int)")
    with pytest.raises(DatabaseError, match="something else than an index"):
        steps(dsn, [BY_CUSTOMER])


def test_a_name_does_not_tell_a_literal_and_is_the_same_each_time() -> None:
    """Everybody reads the names of indexes; an expression's literals are the users' data."""
    secret = Index(ORDERS_NAME, (Key("status"),), predicate="note = 'Zq7Xw'")
    keyed = Index(ORDERS_NAME, (Key(expression="((data ->> 'Zq7Xw'))"),))
    assert "zq7xw" not in (name_of(secret) + name_of(keyed)).lower()
    assert name_of(secret) == name_of(secret) != name_of(Index(ORDERS_NAME, (Key("status"),)))
    assert len(name_of(Index(ORDERS_NAME, tuple(Key("c" * 40 + str(n)) for n in range(4))))) <= 63
