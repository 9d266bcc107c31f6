"""Lock waits of endpoints under load: what readings of pg_stat_activity make of them, against what clients measured."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import fmean

import psycopg
import pytest

from perfkit import metrics
from perfkit.model import Request, Sample
from perfkit.queries.attribution import Window, budgets
from perfkit.queries.lock_waits import waiting_name, with_lock_waits
from perfkit.queries.tracing import tracing
from perfkit.samplers.postgres_activity import PostgresActivity
from tests.builders import a_phase, a_request, a_run
from tests.conftest import PostgresServer

TOLERANCE = 0.25
HELD_S = 0.02
TAKE = "UPDATE stock SET left_over = left_over - 1 WHERE id = %s"
READ = "SELECT left_over FROM stock WHERE id = %s"

Link = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("contended")
    with psycopg.connect(address, autocommit=True) as link:
        link.execute("CREATE TABLE stock (id INTEGER PRIMARY KEY, left_over INTEGER)")
        link.execute("INSERT INTO stock SELECT n, 100000 FROM generate_series(1, 9) AS n")
    return address


def order(link: Link) -> float:
    """One request that takes from the row that everybody wants, and holds it; the seconds that its UPDATE took."""
    with link.transaction():
        began = time.perf_counter()
        link.execute(TAKE, [1])
        waited_s = time.perf_counter() - began
        time.sleep(HELD_S)
    return waited_s


def look(link: Link) -> float:
    """Reads beside it; nobody who only reads waits."""
    link.execute(READ, [1]).fetchone()
    time.sleep(0.005)
    return 0.0


def restock(link: Link) -> float:
    """The same statement, in an endpoint that is called less often."""
    time.sleep(0.06)
    return order(link)


ENDPOINTS: dict[str, Callable[[Link], float]] = {"Order": order, "Look": look, "Restock": restock}


@contextmanager
def sampled(dsn: str, period_s: float = 0.01) -> Iterator[list[Sample]]:
    """What the sampler reads in the block."""
    sampler, found, is_over = PostgresActivity(dsn, period_s), list[Sample](), threading.Event()
    sampler.named = waiting_name

    def read_on() -> None:
        while not is_over.wait(period_s):
            at = time.time()
            found.extend(Sample(at, sampler.source, name, value) for name, value in sampler.read().items())

    thread = threading.Thread(target=read_on)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()
        sampler.close()


def load(dsn: str, seconds: float) -> tuple[list[Request], dict[str, list[float]]]:
    """Three users who order, one who restocks, one who looks: their requests, and the seconds each UPDATE took."""
    requests, took_s, until = list[Request](), defaultdict[str, list[float]](list), time.monotonic() + seconds

    def user(endpoint: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as link:
            while time.monotonic() < until:
                started_at, clock = time.time(), time.perf_counter()
                took_s[endpoint].append(ENDPOINTS[endpoint](link))
                ms = (time.perf_counter() - clock) * 1e3
                plain = a_request(endpoint, ms=ms, phase="load")
                requests.append(replace(plain, intended_at=started_at, started_at=started_at))

    users = [threading.Thread(target=user, args=[name]) for name in ("Order", "Order", "Order", "Restock", "Look")]
    for one in users:
        one.start()
    for one in users:
        one.join()
    return requests, took_s


@pytest.mark.alone
def test_lock_wait_of_an_endpoint_is_what_its_clients_waited(postgres: PostgresServer, dsn: str) -> None:
    """Within a quarter: several hundred readings, and four clients that queue for one row.

    Two endpoints execute the same statement: what all wait in it is shared out evenly among its executions.
    """
    with tracing(dsn, postgres.log_folder) as going, psycopg.connect(dsn, autocommit=True) as link:
        windows, alone_s = [], dict.fromkeys(ENDPOINTS, math.inf)
        for name, endpoint in [*ENDPOINTS.items()] * 3:
            time.sleep(0.02)
            started_at, clock = time.time(), time.perf_counter()
            alone_s[name] = min(alone_s[name], endpoint(link))
            windows.append(Window(name, started_at, time.perf_counter() - clock))
        trace = going.trace("trace", windows)
    with sampled(dsn) as samples:
        began = time.time()
        requests, took_s = load(dsn, 4.0)
        ended = time.time()
    phase = replace(a_phase("load"), users=5, started_at=began, measured_at=began, ended_at=ended)
    run = replace(a_run(requests, samples, [phase]), trace=trace)
    found = {one.endpoint: one for one in with_lock_waits(budgets(trace), metrics.compute(run), "load")}
    waited_ms = (fmean(took_s["Order"] + took_s["Restock"]) - min(alone_s["Order"], alone_s["Restock"])) * 1e3
    assert found["Order"].lock_wait_ms == pytest.approx(waited_ms, rel=TOLERANCE)
    assert found["Restock"].lock_wait_ms == pytest.approx(found["Order"].lock_wait_ms)
    assert (found["Look"].lock_wait_ms, found["Look"].lock_wait_phase) == (0.0, "load")
    worst = max(found["Order"].statements, key=lambda share: share.lock_wait_ms or 0.0)
    assert worst.statement.statement.startswith("UPDATE stock")


def test_a_budget_without_readings_has_no_lock_wait(postgres: PostgresServer, dsn: str) -> None:
    with tracing(dsn, postgres.log_folder) as going, psycopg.connect(dsn, autocommit=True) as link:
        started_at = time.time()
        look(link)
        trace = going.trace("trace", [Window("Look", started_at, time.time() - started_at)])
    run = replace(a_run([a_request("Look")]), trace=trace)
    (budget,) = with_lock_waits(budgets(trace), metrics.compute(run), "single")
    assert (budget.lock_wait_ms, budget.lock_wait_phase) == (None, None)


def test_a_name_tells_the_shape_the_query_id_and_the_route() -> None:
    """A route may hold blanks, which part the words of a name."""
    one, other = (waiting_name(f"SELECT {n} /* route='/my%20orders' */", "-5") for n in (1, 2))
    assert one == other
    assert one.split(" ")[1:] == ["-5", "/my%20orders"]
    assert waiting_name("SELECT 1", None).split(" ")[1:] == ["-", "-"]
