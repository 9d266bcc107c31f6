"""Indexes that may not be needed are listed with the age of what says so; a drop is proven by running without."""

from __future__ import annotations

from tests.explain.advise.build import a_query, advised, fetch
from tests.explain.advise.conftest import Shops

QUERY = a_query("SELECT note FROM orders WHERE customer_id = $1", ("7",))
INDEXES = (
    "CREATE INDEX used ON orders (customer_id, created_at)",
    "CREATE INDEX redundant ON orders (customer_id)",
    "CREATE INDEX never ON orders (total)",
    "CREATE UNIQUE INDEX single ON customers (email)",
    "CREATE INDEX partly ON orders (status) WHERE total > 5",
    "CREATE INDEX elsewhere ON customers (pad)",
)


def test_unused_and_redundant_indexes_are_listed_and_tried(shop: Shops) -> None:
    """Never a primary key, nor what is unique. What no captured statement touches is listed and not proven.

    Of `used` and `redundant` either does; after the one is away the other is needed.
    """
    dsn = shop(*INDEXES)
    fetch(dsn, "SELECT pg_stat_reset(), 1")
    report = advised(dsn, QUERY)
    found = {one.name.name: (one.because.partition(",")[0], one.is_proven) for one in report.unneeded}
    unused = "no scan has used it since the statistics began"
    assert found == {
        "redundant": ("used does all that it does", True),
        "never": (unused, True),
        "partly": (unused, True),
        "elsewhere": (unused, False),
        "used": (unused, False),
    }
    assert any("Replicas were not looked at" in note for note in report.notes)
    assert report.statistics_since is not None


def test_nothing_is_dropped(shop_18: Shops) -> None:
    dsn = shop_18(*INDEXES)
    advised(dsn, QUERY)
    advised(dsn, QUERY, build_on="copy")
    assert fetch(dsn, "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'") == [(len(INDEXES) + 2,)]


def test_an_index_that_the_workload_needs_is_said_to_be_needed(shop_18: Shops) -> None:
    """The statistics are new, so they say unused; running without it says otherwise."""
    report = advised(
        shop_18("CREATE INDEX by_note ON orders (note)"), a_query("SELECT id FROM orders WHERE note = 'x'")
    )
    (one,) = [one for one in report.unneeded if one.name.name == "by_note"] or [None]
    assert one is None or (not one.is_proven and one.said.startswith("needed: without it"))


def test_the_only_index_of_a_foreign_key_is_kept(shop_18: Shops) -> None:
    """No statement of the workload shows what a DELETE of a customer would take."""
    report = advised(
        shop_18("CREATE INDEX by_customer ON orders (customer_id)"), a_query("SELECT count(*) FROM orders")
    )
    (one,) = report.unneeded
    assert not one.is_proven
    assert one.said == "kept: it is the only one that serves the foreign key orders_customer_id_fkey"


def test_a_delete_wants_an_index_on_what_refers_to_its_table(shop_18: Shops) -> None:
    """The check of the foreign key stands in no plan, and takes all of the time."""
    report = advised(shop_18(), a_query("DELETE FROM customers WHERE id = $1", ("2999",)))
    assert [str(one.index) for one in report.advice] == ["orders (customer_id)"]
