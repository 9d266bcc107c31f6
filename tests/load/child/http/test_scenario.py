"""The lean user inside a real Locust child, beside FastHttpUser and on its own."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import brotli
import pandas as pd

from perfkit.load.engine import PhaseRun, run_phase
from perfkit.load.orders import Status
from perfkit.model import Phase, Request, Scenario
from perfkit.recorded.rows import read_rows
from tests.load import scenarios
from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, Talk, a_raw_server, each
from tests.servers import a_server, chunked


def load(folder: Path, url: str, text: str, phase: Phase | None = None) -> tuple[PhaseRun, pd.DataFrame]:
    folder.mkdir(exist_ok=True)
    scenario = Scenario(scenarios.write(folder, text))
    phase = phase or Phase("single", users=1, iterations=1)
    run = run_phase(phase, scenario, url, folder, on_status=lambda status: None)
    rows = rows_of(folder)
    assert len(rows) == run.end.requests
    return run, rows


def rows_of(folder: Path) -> pd.DataFrame:
    return read_rows(sorted((folder / "requests").glob("*.arrow")), Request).to_pandas()


PARITY = """
import contextlib
from {module} import {user} as AnyUser
from locust import constant, task

class Visitor(AnyUser):
    wait_time = constant(0)
    network_timeout = 0.3

    @task
    def visit(self):
        for path in {paths}:
            with contextlib.suppress(Exception):  # FastHttpUser raises here what it has recorded already
                self.client.get(path).content
        self.client.post("/plain", json={{"a": 1}}, name="JSON")
        self.client.post("/plain", data={{"a": "1"}}, name="Form")
        self.client.put("/plain", data="x", name="Put")
        self.client.delete("/missing", name="Delete")
        self.client.head("/plain", name="Head")
        self.client.get("/moved", allow_redirects=False, name="Not followed")
        self.client.get("http://127.0.0.1:1/", name="Refused")
        with self.client.get("/missing", catch_response=True, name="Forgiven") as response:
            response.success()
        with self.client.get("/plain", catch_response=True, name="Condemned") as response:
            response.failure("not so")
        with self.rest("GET", "/plain", name="Rest") as response:
            assert response.js == {{"a": 1}}
        with self.rest("GET", "/text", name="No JSON") as response:
            pass
"""
BODY = b'{"a": 1}'
PACKED = {"gzip": gzip.compress(BODY * 50), "br": brotli.compress(BODY * 50)}


def reply(body: bytes, *headers: str, status: int = 200) -> bytes:
    lines = [f"HTTP/1.1 {status} X", *(headers or [f"Content-Length: {len(body)}"])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


REPLIES = {
    "/plain": reply(BODY),
    "/text": reply(b"text"),
    "/empty": reply(b"", status=204),
    "/missing": reply(b"gone", status=404),
    "/broken": reply(b"", "Content-Length: 0", status=500),
    "/moved": reply(b"moved", "Location: /plain", "Content-Length: 5", status=302),
    "/gzip": reply(PACKED["gzip"], "Content-Encoding: gzip", f"Content-Length: {len(PACKED['gzip'])}"),
    "/br": reply(PACKED["br"], "Content-Encoding: br", f"Content-Length: {len(PACKED['br'])}"),
    "/chunked": reply(chunked(PACKED["gzip"]), "Content-Encoding: gzip", "Transfer-Encoding: chunked"),
    "/until-close": reply(BODY, "Connection: close"),
    "/damaged": reply(b"damaged", "Content-Encoding: gzip", "Content-Length: 7"),
    "/cut": reply(b"{", "Content-Length: 8"),
    "/no-http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "/nothing": b"",
    "/silent": reply(b"{", "Content-Length: 8"),
}


def answering(talk: Talk) -> None:
    while request := talk.hear():
        path = request.split()[1].decode()
        answer = REPLIES[path]
        talk.say(answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if request.startswith(b"HEAD") else answer)
        if path == "/silent":
            talk.wait_for_leave()
        if path in ("/until-close", "/cut", "/no-http", "/nothing"):
            return


def test_the_same_scenario_gives_the_same_rows_with_fasthttpuser(tmp_path: Path) -> None:
    told: dict[str, Any] = {}
    for user, module in (("FastHttpUser", "locust"), ("HttpUser", "perfkit.load")):
        with a_raw_server(answering) as server:
            text = PARITY.format(module=module, user=user, paths=list(REPLIES))
            run, rows = load(tmp_path / user, server.url, text)
        assert run.mark.scenario_exceptions == 0
        told[user] = facts(rows)
    differences = [
        (lean, fast) for lean, fast in zip(told["HttpUser"], told["FastHttpUser"], strict=True) if lean != fast
    ]
    # geventhttpclient calls a body that ends early a parser's error.
    assert differences == [(("/cut", 200, "closed", None, None), ("/cut", 200, "other", None, None))]


def facts(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Endpoint, status, error, wire and decoded bytes. Those of a body that did not come whole are left out."""
    columns = ["endpoint", "status", "error", "wire_bytes", "decoded_bytes"]
    is_whole = ~rows["error"].isin(["closed", "connect", "timeout", "other"])
    known = rows[columns].astype(object).where(rows[columns].notna(), None)
    known.loc[~is_whole, ["wire_bytes", "decoded_bytes"]] = None
    return [tuple(row) for row in known.itertuples(index=False)]


LEAN = """
from perfkit.load import HttpUser
from locust import constant, task

class Shopper(HttpUser):
    wait_time = constant(0)

    @task(9)
    def often(self):
        self.client.get("/often", name="Often")

    @task(1)
    def rarely(self):
        self.client.get("/rarely", name="Rarely")
"""

LISTENERS = """
from locust import events

@events.request.add_listener
def heard(name, response_time, response_length, response, exception, **_):
    assert response_time > 0 and response_length == 2 and response.status_code == 200 and exception is None
    print("heard", name, flush=True)
    if name == "Rarely":
        raise RuntimeError("listener")
"""


def test_live_figures_and_warm_up_hold_for_lean_rows(tmp_path: Path) -> None:
    seen: list[Status] = []
    with a_server(delay_s=0.005) as url:
        scenario = Scenario(scenarios.write(tmp_path, LEAN))
        phase = Phase("load", users=2, duration_s=2.4, warmup_s=1.2)
        run = run_phase(phase, scenario, url, tmp_path, on_status=seen.append)
    rows = rows_of(tmp_path)
    assert run.end.requests == len(rows)
    assert set(rows["endpoint"]) == {"Often", "Rarely"}
    assert rows["is_warmup"].any()
    is_measured = rows["started_at"].between(run.mark.measured_at, run.mark.ended_at, inclusive="left")
    assert (rows["is_warmup"] == ~is_measured).all()
    assert seen[1].requests_per_s > 10
    assert seen[1].p50_ms is not None
    assert seen[1].p50_ms >= 5


def test_a_foreign_listener_is_served_and_no_row_is_left_twice(tmp_path: Path) -> None:
    with a_server(lambda path: (200, {}, b"{}")) as url:
        run, rows = load(tmp_path, url, LEAN + LISTENERS, Phase("single", users=2, iterations=3))
    assert rows["endpoint"].value_counts().to_dict() == {"Often": 6, "Rarely": 6}
    assert (tmp_path / "locust.log").read_text().count("heard ") == 12
    assert run.mark.listener_exceptions == 6


def test_a_user_who_leaves_closes_its_connections(lean: Lean) -> None:
    left = threading.Semaphore(0)

    def script(talk: Talk) -> None:
        try:
            while talk.hear():
                talk.say(OK)
        finally:
            left.release()

    with a_raw_server(script) as server:
        outcome = lean.run(
            server.url,
            f"""
            from locust import constant
            from locust.env import Environment
            from perfkit.load import HttpUser

            class Visitor(HttpUser):
                host = "{server.url}"
                wait_time = constant(60)
                tasks = [lambda self: self.client.get("/")]

            runner = Environment(user_classes=[Visitor]).create_local_runner()
            runner.start(2, 2)
            gevent.sleep(0.2)
            runner.stop()
            gevent.sleep(0.05)
            result = len(rows)
            """,
        )
        assert left.acquire(timeout=2)
        assert left.acquire(timeout=2)
    assert (outcome.error, outcome.result, server.connections) == (None, 2, 2)


def test_a_user_without_a_host_says_so(lean: Lean) -> None:
    outcome = lean.run(
        "http://127.0.0.1:1",
        """
        from locust.env import Environment
        from perfkit.load import HttpUser

        class Visitor(HttpUser):
            pass

        Visitor(Environment(user_classes=[Visitor]))
        """,
    )
    assert outcome.error is not None
    assert "there is no host" in outcome.error


def test_a_user_may_have_a_proxy(lean: Lean) -> None:
    with a_raw_server(each(OK)) as proxy:
        outcome = lean.run(
            "http://127.0.0.1:1",
            f"""
            from locust.env import Environment
            from perfkit.load import HttpUser

            class Visitor(HttpUser):
                host, proxy_host, proxy_port = "http://shop.test", "127.0.0.1", {proxy.port}

            result = Visitor(Environment(user_classes=[Visitor])).client.get("/").text
            """,
        )
    assert (outcome.error, outcome.result) == (None, "ok")
    assert proxy.requests[0].startswith(b"GET http://shop.test/ HTTP/1.1\r\n")


def test_the_parent_imports_nothing_of_it() -> None:
    code = "import perfkit.load, sys; print({'locust', 'gevent', 'httptools', 'requests'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
