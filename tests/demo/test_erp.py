"""The sample ERP: every defect is there, and every switch takes away its own and nothing else."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from perfkit.demo.erp.notices import RELAY_S
from perfkit.demo.fixes import FIXES
from perfkit.demo.rows import KEY_QUOTATIONS, PASSWORD
from perfkit.demo.seed import seed
from perfkit.demo.server import running_erp
from perfkit.demo.services import Services, running_services
from perfkit.errors import TargetError, UsageError
from tests.conftest import PostgresServer

CANCEL_WAITERS = """
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE application_name = 'pharma-erp' AND wait_event_type = 'Lock'
"""
SCALE = 0.02  # 60 customers, 4 of them with 65 quotations
KEY_ACCOUNT = {"customer_id": 2}
LOGIN = {"email": "user000001@meridian-pharma.example", "password": PASSWORD}
NEW = {"customer_id": 2, "items": [{"product_id": 3, "quantity": 4}, {"product_id": 5, "quantity": 6}]}


@pytest.fixture(scope="module")
def services(postgres: PostgresServer) -> Iterator[Services]:
    dsn = postgres.fresh_database("erp")
    seed(dsn, SCALE)
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("CREATE EXTENSION pg_stat_statements")
    with running_services(database_url=dsn) as services:
        yield services


@contextmanager
def erp_with(services: Services, *fixes: str) -> Iterator[httpx.Client]:
    """The ERP with the named fixes, and somebody who asks it."""
    with (
        running_erp(services.dsn, services.redis_url, fixes) as erp,
        httpx.Client(base_url=erp.url, timeout=30, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def before(services: Services) -> Iterator[httpx.Client]:
    """The ERP with every defect."""
    with erp_with(services) as client:
        yield client


@pytest.fixture(scope="module")
def everything(services: Services) -> Iterator[httpx.Client]:
    """The ERP with every fix but the indexes, which are not its own."""
    with erp_with(services, *FIXES) as client:
        yield client


def performance(client: httpx.Client) -> dict[str, Any]:
    return client.get("/health/performance").raise_for_status().json()


def queries_of(services: Services, act: Callable[[], object]) -> int:
    """How many statements the database executed meanwhile on behalf of the ERP."""
    with psycopg.connect(services.dsn, autocommit=True) as link:
        link.execute("SELECT pg_stat_statements_reset()")
        act()
        row = link.execute(
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
            "WHERE d.datname = current_database() AND query NOT LIKE '%pg_stat_statements%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def plain(quotation: dict[str, Any]) -> tuple[Any, ...]:
    """What is the same whichever fixes are on."""
    items = [(item["product_id"], item["product_name"], item["quantity"]) for item in quotation["items"]]
    return quotation["id"], quotation["number"], items


def test_n_plus_one(services: Services, before: httpx.Client) -> None:
    """Before: a query for each quotation and each item. After: one, with the same answer."""
    rows = before.get("/api/quotations", params=KEY_ACCOUNT).json()["data"]
    count = queries_of(services, lambda: before.get("/api/quotations", params=KEY_ACCOUNT))
    assert len(rows) >= KEY_QUOTATIONS
    assert count == 1 + len(rows) + sum(len(row["items"]) for row in rows)
    with erp_with(services, "n_plus_one") as after:
        joined = after.get("/api/quotations", params=KEY_ACCOUNT).json()["data"]
        assert queries_of(services, lambda: after.get("/api/quotations", params=KEY_ACCOUNT)) == 1
    assert [plain(row) for row in joined] == [plain(row) for row in rows]


def test_pagination(services: Services, before: httpx.Client) -> None:
    """Before: the whole table. After: pages of what was asked for, which together are the table."""
    whole = before.get("/api/customers", params={"limit": 25}).json()["data"]
    with erp_with(services, "pagination") as after:
        pages = [after.get("/api/customers", params={"page": n, "limit": 25}).json() for n in (1, 2, 3)]
        assert after.get("/api/customers", params={"limit": 1_000}).status_code == 422
        assert len(after.get("/api/quotations", params=KEY_ACCOUNT).json()["data"]) == 20
    assert [len(page["data"]) for page in pages] == [25, 25, 10]
    assert [page["meta"]["has_more"] for page in pages] == [True, True, False]
    assert [row for page in pages for row in page["data"]] == whole


def test_fields(services: Services, before: httpx.Client) -> None:
    """Before: every column. After: those that are needed, with the same values; all routes get smaller."""
    paths = ("/api/customers", "/api/products", "/api/inventory", "/api/quotations?customer_id=2")
    with erp_with(services, "fields") as after:
        for path in paths:
            wide, narrow = before.get(path), after.get(path)
            assert len(narrow.content) < len(wide.content) / 1.5
            first = narrow.json()["data"][0]
            items = first.pop("items", [])
            assert first.items() <= wide.json()["data"][0].items()
            assert all(item.keys() <= wide.json()["data"][0]["items"][0].keys() for item in items)


def test_cache(services: Services, before: httpx.Client) -> None:
    """Before: eight aggregates each time, and a header that says so. After: the same figures, and no query at all."""
    assert queries_of(services, lambda: before.get("/api/dashboard/metrics")) == 8
    made = before.get("/api/dashboard/metrics")
    assert "x-cache" not in made.headers
    assert made.headers["cache-status"] == "pharma-erp; fwd=bypass"
    with erp_with(services, "cache") as after:
        assert queries_of(services, lambda: after.get("/api/dashboard/metrics")) == 0
        kept = after.get("/api/dashboard/metrics")
        assert kept.headers["x-cache"] == "HIT"
        assert kept.headers["cache-status"].startswith("pharma-erp; hit")
        assert performance(after)["cache"] == {"hits": 2, "misses": 0, "hit_ratio": 1.0}
    assert kept.json().keys() == made.json().keys()
    assert kept.json()["low_stock"] == made.json()["low_stock"]


def test_cache_has_two_layers(services: Services) -> None:
    """Right after an answer memory knows; 100 ms later Valkey does."""
    with erp_with(services, "cache") as erp:
        time.sleep(0.2)
        first, second = erp.get("/api/dashboard/metrics"), erp.get("/api/dashboard/metrics")
    assert first.headers["cache-status"].endswith("detail=valkey")
    assert second.headers["cache-status"].endswith("detail=memory")


def test_a_write_is_seen_at_once(services: Services) -> None:
    """No figure is older than a quotation that has been answered."""

    def drafts(client: httpx.Client) -> int:
        figures = client.get("/api/dashboard/metrics").json()["quotations"]
        return next(row["count"] for row in figures if row["status"] == "draft")

    with erp_with(services, "cache") as erp:
        for _ in range(5):
            before = drafts(erp)
            assert erp.post("/api/quotations", json=NEW).status_code == 201
            assert drafts(erp) == before + 1


def test_without_valkey_the_cache_goes_on(services: Services) -> None:
    """A cache that is gone makes the ERP slower, not wrong."""
    with running_erp(services.dsn, "unix:///nowhere/valkey.sock", ["cache"]) as erp:
        time.sleep(0.2)
        reply = httpx.get(f"{erp.url}/api/dashboard/metrics", timeout=30, trust_env=False)
    assert reply.status_code == 200
    assert reply.headers["x-cache"] == "MISS"


def test_pool(services: Services) -> None:
    """Before: the third at once waits for a connection, and it is counted. After: there is one for each."""
    found = {}
    for fixes in ((), ("pool",)):
        with erp_with(services, *fixes) as erp, psycopg.connect(services.dsn) as blocker:
            blocker.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
            with ThreadPoolExecutor(4) as people:
                replies = [people.submit(erp.get, "/api/customers") for _ in range(4)]
                time.sleep(0.5)
                blocker.rollback()
                assert [reply.result().status_code for reply in replies] == [200] * 4
            found[fixes] = performance(erp)["pool"]
    assert (found[()]["size"], found[()]["max_size"], found[()]["slow_acquisitions"]) == (2, 2, 2)
    assert (found[("pool",)]["max_size"], found[("pool",)]["slow_acquisitions"]) == (20, 0)
    assert found[("pool",)]["size"] >= 5


def test_no_transaction_stays_open_while_mail_is_sent(services: Services) -> None:
    """Before: the notice of a login keeps its connection until the relay has taken it. After: its SQL only."""
    open_ones = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pharma-erp' AND xact_start IS NOT NULL"
    seen = {}
    with psycopg.connect(services.dsn, autocommit=True) as link:
        for fixes in ((), ("pool",)):
            with erp_with(services, *fixes) as erp:
                assert erp.post("/api/auth/login", json=LOGIN).status_code == 200
                readings, ends = [], time.monotonic() + RELAY_S * 0.75
                while time.monotonic() < ends:
                    readings.append(link.execute(open_ones).fetchall()[0][0])
                seen[fixes] = sum(readings) / len(readings)
    assert seen[()] > 0.5 > seen[("pool",)]


def test_queries_have_a_time_limit(services: Services) -> None:
    """Each connection of the fixed pool got its limit when it was opened, and none of the other."""
    limited = "SELECT query FROM pg_stat_activity WHERE application_name = 'pharma-erp' AND query ~ 'statement_timeout'"
    with psycopg.connect(services.dsn, autocommit=True) as link:
        assert link.execute(limited).fetchall() == []
        with erp_with(services, "pool"):
            assert link.execute(limited).fetchall() == [("SET statement_timeout = '5s'",)] * 5


def test_a_query_that_takes_too_long_is_told_to_come_again(services: Services, before: httpx.Client) -> None:
    """A cancelled query, as by a time limit, is no server error without words."""
    with psycopg.connect(services.dsn) as blocker, ThreadPoolExecutor(1) as somebody:
        blocker.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        reply = somebody.submit(before.get, "/api/customers")
        while not blocker.execute(CANCEL_WAITERS).fetchall():
            time.sleep(0.02)
        assert reply.result().status_code == 503
    assert reply.result().headers["retry-after"] == "1"


def test_compression(services: Services, before: httpx.Client) -> None:
    """Before: none. After: what is above 1 KB, and only that."""
    assert "content-encoding" not in before.get("/api/customers").headers
    with erp_with(services, "compression") as after:
        reply = after.get("/api/customers")
        assert reply.headers["content-encoding"] == "gzip"
        assert int(reply.headers["content-length"]) < len(reply.content) / 3
        assert "content-encoding" not in after.get("/health").headers


def test_leak(services: Services, before: httpx.Client) -> None:
    """Before: each request leaves a listener behind. After: only the request that looks is there."""
    with erp_with(services, "leak") as after:
        counts = []
        for client in (before, after):
            first = performance(client)["listeners"]
            for _ in range(10):
                client.get("/api/customers")
            counts.append(performance(client)["listeners"] - first)
    assert counts == [11, 0]


def test_health_tells_memory_and_fixes(services: Services) -> None:
    """Memory is this process's own and below its budget at the start."""
    with erp_with(services, "leak", "cache") as erp:
        assert erp.get("/health").json() == {"status": "ok", "fixes": ["cache", "leak"]}
        memory = performance(erp)["memory"]
    assert 10e6 < memory["used_bytes"] < memory["limit_bytes"]


@pytest.mark.parametrize(
    ("email", "password", "status"),
    [
        ("user000001@meridian-pharma.example", PASSWORD, 200),
        ("USER000001@Meridian-Pharma.example ", PASSWORD, 200),
        ("user000001@meridian-pharma.example", "wrong", 401),
        ("nobody@meridian-pharma.example", PASSWORD, 401),
        ("user000012@meridian-pharma.example", PASSWORD, 401),
    ],
)
def test_login(everything: httpx.Client, email: str, password: str, status: int) -> None:
    """The right password of somebody who is still there, however the address is written."""
    reply = everything.post("/api/auth/login", json={"email": email, "password": password})
    assert reply.status_code == status
    assert "password_hash" not in reply.text


def test_a_new_quotation_is_found_again(everything: httpx.Client) -> None:
    """It has the items that were asked for, at the products' prices."""
    written = everything.post("/api/quotations", json=NEW).json()
    found = everything.get("/api/quotations", params=KEY_ACCOUNT).json()["data"]
    row = next(row for row in found if row["id"] == written["id"])
    assert [(item["product_id"], item["quantity"]) for item in row["items"]] == [(3, 4), (5, 6)]
    assert row["total"] == written["total"]


@pytest.mark.parametrize(
    "wrong", [{"customer_id": 10**9}, {"items": [{"product_id": 10**9, "quantity": 1}]}, {"items": []}]
)
def test_a_quotation_for_nobody_or_of_nothing_is_refused(everything: httpx.Client, wrong: dict[str, Any]) -> None:
    assert everything.post("/api/quotations", json=NEW | wrong).status_code == 422


def test_a_port_in_use_is_a_usage_error(services: Services) -> None:
    """The message names the port."""
    with running_erp(services.dsn, services.redis_url, ()) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(UsageError, match=str(port)), running_erp(services.dsn, services.redis_url, (), port=port):
            pass


def test_an_erp_that_cannot_start_says_why() -> None:
    """What it wrote last is in the message, so that nobody has to look for a log that is gone."""
    with pytest.raises(TargetError, match="ended with code"), running_erp("bad dsn", "redis://127.0.0.1:1", ()):
        pass


def test_the_erp_ends_with_a_killed_parent(services: Services) -> None:
    """kill -9 of perfkit leaves no ERP behind."""
    source = (
        "import sys, time\nfrom perfkit.demo.server import running_erp\n"
        f"with running_erp({services.dsn!r}, {services.redis_url!r}, ()) as erp:\n"
        "    print(erp.pid, flush=True)\n    time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    child.wait(timeout=30)
    assert not child.is_running()


def test_requests_under_way_do_not_keep_the_erp_alive(services: Services) -> None:
    """A block that ends while somebody waits for an answer ends the ERP all the same."""
    with psycopg.connect(services.dsn) as blocker:
        blocker.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        with running_erp(services.dsn, services.redis_url, ()) as erp:
            asker = threading.Thread(target=_ask_in_vain, args=(f"{erp.url}/api/customers",))
            asker.start()
            time.sleep(0.3)
            process = psutil.Process(erp.pid)
        assert not process.is_running()
    asker.join()


def _ask_in_vain(url: str) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(url, timeout=30, trust_env=False).raise_for_status()
