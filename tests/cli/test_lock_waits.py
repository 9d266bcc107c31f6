"""Lock waits of a real endpoint, from `perfkit bench` to the report: what its server measured is what is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from statistics import fmean

import psycopg
import pytest

from tests.cli.perfkit import perfkit
from tests.conftest import PostgresServer
from tests.servers import Answer, a_server

TOLERANCE = 0.35  # a hundred readings, on a machine that does other things too
HELD_S = 0.02
USERS = 4
SUITE = """
name = "shop"
[target]
url = "{url}"
[database]
dsn_env = "SHOP_DSN"
slower_than = "1s"
[scenario]
file = "locustfile.py"
[sampling]
period = "50ms"
[[phase]]
name = "rush"
users = {users}
duration = "6s"
warmup = "1s"
[[phase]]
name = "trace"
trace = true
iterations = 2
"""
SCENARIO = """
from locust import HttpUser, constant, task

class Buyer(HttpUser):
    wait_time = constant(0)

    @task
    def order(self):
        self.client.get("/order", name="Order")

    @task
    def look(self):
        self.client.get("/look", name="Look")
"""


@contextmanager
def a_shop(dsn: str) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Its address, and (when, ms) that each order's UPDATE took: all want the same row, and hold it for 20 ms."""
    took: list[tuple[float, float]] = []
    pool: SimpleQueue[psycopg.Connection[tuple[object, ...]]] = SimpleQueue()

    def answer(path: str) -> Answer:
        link = pool.get()
        (look if path == "/look" else order)(link)
        pool.put(link)
        return 200, {}, b"{}"

    def look(link: psycopg.Connection[tuple[object, ...]]) -> None:
        link.execute("SELECT left_over FROM stock WHERE id = 1").fetchone()
        time.sleep(0.01)

    def order(link: psycopg.Connection[tuple[object, ...]]) -> None:
        with link.transaction():
            began = time.perf_counter()
            link.execute("UPDATE stock SET left_over = left_over - 1 WHERE id = 1")
            took.append((time.time(), (time.perf_counter() - began) * 1e3))
            time.sleep(HELD_S)

    with ExitStack() as links:
        for _ in range(USERS):
            pool.put(links.enter_context(psycopg.connect(dsn, autocommit=True)))
        with a_server(answer) as url:
            yield url, took


@pytest.mark.alone
def test_a_bench_tells_what_an_endpoint_waits_for_locks(tmp_path: Path, postgres: PostgresServer) -> None:
    dsn = postgres.fresh_database("locked_shop")
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("CREATE TABLE stock (id INTEGER PRIMARY KEY, left_over INTEGER)")
        link.execute("INSERT INTO stock VALUES (1, 1000000)")
    with a_shop(dsn) as (url, took):
        (tmp_path / "perfkit.toml").write_text(SUITE.format(url=url, users=USERS))
        (tmp_path / "locustfile.py").write_text(SCENARIO)
        done = perfkit("bench", at=tmp_path, env={"SHOP_DSN": dsn})
        assert done.code == 0, done.err
    (folder,) = (tmp_path / "reports").iterdir()
    told = json.loads((folder / "metrics.json").read_text())
    (rush,) = [mark for mark in told["run"]["phases"] if mark["name"] == "rush"]
    waited = [ms for at, ms in took if rush["measured_at"] <= at <= rush["ended_at"]]
    alone_ms = min(ms for at, ms in took if at > rush["ended_at"])
    found = {one["endpoint"]: one for one in told["budgets"]}
    assert found["Order"]["lock_wait_ms"] == pytest.approx(fmean(waited) - alone_ms, rel=TOLERANCE)
    assert (found["Look"]["lock_wait_ms"], found["Look"]["lock_wait_phase"]) == (0, "rush")
    (finding,) = [one for one in told["findings"] if one["rule"] == "lock_waits"]
    assert finding["endpoint"] == "Order"
    assert "UPDATE stock SET left_over" in finding["evidence"][0]
    assert "Lock wait in rush" in (folder / "report.html").read_text()
    assert "Lock wait in rush" in (folder / "report.md").read_text()
    assert "lock wait: one request in rush" in done.out
