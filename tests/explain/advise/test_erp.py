"""On the sample ERP: from its own statements alone the plans' indexes, or better ones, are found, and they help."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.demo.fixes import INDEXES
from perfkit.demo.seed import seed
from perfkit.explain.advise import Wish, advise
from perfkit.explain.advise.advice import Report
from perfkit.explain.advise.applied.apply import apply
from perfkit.explain.advise.applied.steps import steps
from perfkit.model import CapturedQuery
from tests.conftest import PostgresServer
from tests.explain.advise.build import run
from tests.explain.advise.erp import captured, endpoint_ms

SCALE = 0.2  # 20,000 users, 4,000 quotations with 40,000 items

# What does the work of each index of the plans. Where the plans say (customer_id, created_at) a customer has so few
# quotations that sorting them costs nothing, and (quotation_id, product_id) finds by its first column alone.
WANTED = {
    "idx_quotations_customer_date": "quotations (customer_id",
    "idx_quotation_items_quotation_product": "quotation_items (quotation_id",
    "idx_users_email_active": "users (email",
}
MAY_BE_TOO_SMALL = {"idx_products_category_active", "idx_orders_date", "idx_inventory_expiry"}

FASTER = frozenset({"Quotations", "Authentication"})


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("erp_advised")
    seed(address, SCALE)
    return address


@pytest.fixture(scope="module")
def queries(dsn: str, postgres: PostgresServer) -> tuple[CapturedQuery, ...]:
    """The tables are a fifth of the demo's, so are the times: shorter statements are logged too."""
    run(dsn, "ALTER DATABASE erp_advised SET log_min_duration_statement = '0.3ms'")
    return captured(dsn, Path(postgres.log_folder), slower_than_ms=0.3, rounds=1)


@pytest.fixture(scope="module")
def report(dsn: str, queries: tuple[CapturedQuery, ...]) -> Report:
    return advise(dsn, queries, Wish("copy"))


def test_the_indexes_of_the_plans_are_found(report: Report) -> None:
    """Those whose tables are large enough at this size to be told from noise; the benchmark has the others."""
    found = [str(one.index) for one in report.advice]
    assert set(WANTED) | MAY_BE_TOO_SMALL == set(INDEXES)
    for name, shape in WANTED.items():
        assert any(one.startswith(shape) for one in found), (name, found, report.not_advised)


def test_every_advice_was_proven_and_says_what_writers_pay(report: Report) -> None:
    for one in report.advice:
        assert any(effect.outcome == "faster" and effect.pairs >= 7 for effect in one.effects)
        assert all(effect.rows in ("same", "order") for effect in one.effects)
        assert one.write is not None
        assert one.write.wal_bytes > 0
        assert one.evidence


def test_after_apply_the_same_requests_are_faster(dsn: str, report: Report, tmp_path: Path) -> None:
    """By endpoint, on the ERP itself; and the second time there is nothing to build, nor to advise."""
    before = endpoint_ms(dsn, rounds=10, only=FASTER)
    apply(dsn, steps(dsn, report.advice), tmp_path / "undo.sql")
    after = endpoint_ms(dsn, rounds=10, only=FASTER)
    assert all(after[name] < before[name] * 0.8 for name in FASTER), (before, after)
    assert steps(dsn, report.advice) == []


def test_what_was_applied_is_not_advised_again(dsn: str, queries: tuple[CapturedQuery, ...], report: Report) -> None:
    again = advise(dsn, queries, Wish("copy"))
    assert {str(one.index) for one in again.advice} & {str(one.index) for one in report.advice} == set()
