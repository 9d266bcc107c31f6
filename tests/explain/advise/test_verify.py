"""Both sides really run; the verdict knows noise; a result that changes is no advice. What writes pay is measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.explain.advise.asked.prepare import prepare
from perfkit.explain.advise.index import Index, Key, TableName
from perfkit.explain.advise.proven.trial import objection
from perfkit.explain.advise.proven.verify import PAIRS, compare, median_interval
from perfkit.explain.advise.proven.writes import measure
from perfkit.explain.advise.session import Session
from perfkit.model import Effect
from tests.explain.advise.build import a_query, a_session, advised, fetch, run, shapes
from tests.explain.advise.conftest import Shops

DROP = ("DROP INDEX tried",)
NAME = TableName("public", "orders")


@pytest.fixture
def place(shop_18: Shops) -> Iterator[Session]:
    """A shop with one index to try."""
    dsn = shop_18("CREATE INDEX tried ON orders (customer_id)")
    with a_session(dsn, is_ours=True) as session:
        yield session


def the_effect(place: Session, statement: str, *values: str) -> Effect:
    (task,) = prepare(place, [a_query(statement, values)]).tasks
    return compare(place, task, DROP)


def test_an_index_that_helps_is_faster_and_touches_fewer_blocks(place: Session) -> None:
    effect = the_effect(place, "SELECT note FROM orders WHERE customer_id = $1", "7")
    assert (effect.outcome, effect.rows, effect.pairs) == ("faster", "same", PAIRS)
    assert effect.after_blocks < effect.before_blocks / 10
    assert effect.interval[0] <= effect.ratio <= effect.interval[1] < 1


def test_the_same_plan_on_both_sides_is_the_same_however_the_times_fall(place: Session) -> None:
    effect = the_effect(place, "SELECT max(total) FROM orders")
    assert (effect.outcome, effect.pairs) == ("same", 1)


def test_rows_in_another_order_are_told_apart_from_other_rows(place: Session) -> None:
    """The order of equals is left open by the statement; which rows a LIMIT takes, too."""
    run(place.dsn, "DROP INDEX tried", "CREATE INDEX tried ON orders (status, id DESC)")
    statements = {
        "SELECT id FROM orders WHERE status = $1": "same",
        "SELECT id, status FROM orders WHERE status = $1 ORDER BY status": "order",
        "SELECT id FROM orders WHERE status = $1 LIMIT 3": "differ",
        "SELECT id, clock_timestamp() FROM orders WHERE status = $1": "unstable",
    }
    tasks = prepare(
        place, [a_query(statement, ("void",), total_ms=9.0 - n) for n, statement in enumerate(statements)]
    ).tasks
    assert [compare(place, task, DROP).rows for task in tasks] == list(statements.values())


def test_values_that_no_python_type_holds_are_compared_too(place: Session) -> None:
    """Infinity as a date, a year before Christ, NaN: the server's text is what counts."""
    odd = "SELECT 'infinity'::date, '0044-03-15 BC'::date, 'NaN'::float8, 1e300::float8, ARRAY[1,NULL] FROM orders"
    assert the_effect(place, f"{odd} WHERE customer_id = $1", "7").rows == "same"


def test_a_statement_that_returns_other_rows_is_anobjection(shop_18: Shops) -> None:
    """Nobody can say here that the application does not mind."""
    report = advised(shop_18(), a_query("SELECT id FROM orders WHERE status = $1 AND id > $2 LIMIT 3", ("void", "100")))
    assert all("differ" not in {effect.rows for effect in one.effects} for one in report.advice)


def test_what_gets_slower_is_a_trade_and_may_outweigh(place: Session) -> None:
    """Judged by the time of all calls: one statement's gain is another's loss."""
    gain = the_effect(place, "SELECT note FROM orders WHERE customer_id = $1", "7")
    loss = replace(gain, outcome="slower", before_ms=gain.after_ms, after_ms=gain.before_ms)
    assert objection([gain]) is None
    assert objection([gain, replace(loss, calls=gain.calls // 2)]) is None
    assert (
        objection([gain, replace(loss, calls=gain.calls * 2)]) == "what it makes slower outweighs what it makes faster"
    )
    assert objection([replace(gain, outcome="same")]) == "no statement got faster beyond noise when it was really there"
    assert objection([gain, replace(gain, rows="differ")]) == "a statement returned other rows with it"


def test_seven_pairs_are_enough_for_an_interval() -> None:
    """Of seven, the least and the largest: 98 %; of twelve, the third of each end would be too little."""
    assert median_interval([1, 2, 3, 4, 5, 6, 7]) == (1, 7)
    assert median_interval(list(range(12))) == (2, 9)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=40).map(sorted))
def test_the_interval_holds_the_median(ratios: list[float]) -> None:
    low, high = median_interval(ratios)
    assert low <= ratios[len(ratios) // 2] <= high


def test_a_write_costs_more_wal_with_one_more_index(shop: Shops) -> None:
    """Measured beside the table: no trigger is fired, no row of it changes, no scratch table is left."""
    dsn = shop()
    before = fetch(dsn, "SELECT md5(string_agg(o::text, '' ORDER BY id)) FROM orders o")
    with a_session(dsn, is_ours=True) as place:
        table = prepare(place, [a_query("SELECT * FROM orders WHERE customer_id = 1")]).book.tables[NAME]
        cost = measure(place, Index(NAME, (Key("customer_id"),)), table, frozenset())
        wide = measure(place, Index(NAME, (Key("customer_id"),), include=("note",)), table, frozenset())
    assert cost is not None
    assert wide is not None
    assert 30 < cost.wal_bytes < 200 < wide.wal_bytes
    assert cost.hot is None
    assert fetch(dsn, "SELECT md5(string_agg(o::text, '' ORDER BY id)) FROM orders o") == before
    assert fetch(dsn, "SELECT count(*) FROM pg_namespace WHERE nspname = 'perfkit_scratch'") == [(0,)]


def test_an_index_on_an_updated_column_loses_hot(shop: Shops) -> None:
    """What stayed in its page before does not any more; told only where UPDATEs of the workload set the column."""
    with a_session(shop(), is_ours=True) as place:
        table = prepare(place, [a_query("SELECT * FROM orders WHERE status = 'x'")]).book.tables[NAME]
        cost = measure(place, Index(NAME, (Key("status"),)), table, frozenset({"status"}))
    assert cost is not None
    assert cost.hot is not None
    assert cost.hot[0] > 0.5
    assert cost.hot[1] == 0.0


def test_no_write_is_tried_where_it_must_not(shop_18: Shops) -> None:
    with a_session(shop_18()) as session:
        table = prepare(session, [a_query("SELECT * FROM orders WHERE customer_id = 1")]).book.tables[NAME]
        with pytest.raises(AssertionError, match="must not"):
            measure(session, Index(NAME, (Key("customer_id"),)), table, frozenset())


def test_the_workload_as_a_whole_decides(shop_18: Shops) -> None:
    """One index for two statements, where it does for both; a storage cap leaves the rest out."""
    queries = (
        a_query("SELECT total FROM orders WHERE customer_id = $1", ("7",)),
        a_query("SELECT note FROM orders WHERE customer_id = $1 AND status = $2", ("7", "new")),
    )
    dsn = shop_18()
    report = advised(dsn, *queries)
    assert len(report.advice) == 1
    assert shapes(report)[0].startswith("orders (customer_id")
    assert report.gap is not None
    assert 0 <= report.gap < 0.2
    assert shapes(advised(dsn, *queries, storage_bytes=8_000)) == []
