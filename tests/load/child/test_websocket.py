"""WebSocket users against a real server: each request, ping and push is a row, and so is each way to fail."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from perfkit.load.engine import PhaseRun, run_phase
from perfkit.model import Phase, Request, Scenario
from perfkit.recorded.rows import read_rows
from tests import lacking
from tests.load import scenarios
from tests.load.child.websocket_server import a_websocket_server

HEAD = """
import gevent
from locust import constant, task
from perfkit.load import WebSocketUser
from perfkit.load.child.websocket import WebSocketFailedError
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with a_websocket_server() as port:
        yield port


def load(folder: Path, url: str, text: str, phase: Phase) -> tuple[PhaseRun, pd.DataFrame]:
    run = run_phase(phase, Scenario(scenarios.write(folder, HEAD + text)), url, folder, on_status=lambda status: None)
    rows = read_rows(sorted((folder / "requests").glob("*.arrow")), Request).to_pandas()
    assert run.mark.scenario_exceptions == 0, (folder / "locust.log").read_text()
    return run, rows


def once(folder: Path, port: int, text: str, scheme: str = "http") -> pd.DataFrame:
    return load(folder, f"{scheme}://localhost:{port}", text, Phase("single", users=1, iterations=1))[1]


TOGETHER = """
class Clerk(WebSocketUser):
    def on_start(self):
        assert self.connect("/echo", name="Desk")

    @task
    def price(self):
        assert self.request({"item": "ä"}, name="Price")["item"] == "ä"
        assert self.request('{"id": "own"}', id="own") == {"id": "own"}
        self.ping()
        self.close()
        assert not self.is_connected

class Both(WebSocketUser):
    id_pointer = "/meta/a~1b/0"

    @task
    def both(self):
        self.connect("/reverse")
        asked = [gevent.spawn(self.request, {"meta": {"a/b": [n]}, "n": n}, n, f"R{n}") for n in (1, 2)]
        gevent.joinall(asked)
        assert [one.value["n"] for one in asked] == [1, 2]

class Reader(WebSocketUser):
    stream_pointer = "/stream"
    numbers = []

    def on_push(self, message):
        self.numbers.append(message["number"])

    @task
    def read(self):
        self.connect("/push")
        gevent.sleep(0.5)
        self.close()
        assert self.numbers == list(range(1, len(self.numbers) + 1))
        self.environment.events.request.fire(
            request_type="X", name="pushes", response_time=0, response_length=len(self.numbers), exception=None
        )

class Late(WebSocketUser):
    @task
    def late(self):
        self.connect("/late")
        for _ in range(4):
            try:
                self.request({}, timeout=0.05)
            except WebSocketFailedError:
                pass
        gevent.sleep(0.5)
        self.ping()

class Lost(WebSocketUser):
    @task
    def lose(self):
        self.connect("/goodbye", name="Lost")
        self.send("go")
        gevent.sleep(0.2)
        assert not self.is_connected

class Cookies(WebSocketUser):
    seen = []

    def on_push(self, message):
        self.seen.append(message["cookie"])

    @task
    def read(self):
        for _ in range(2):
            self.connect("/cookie")
            gevent.sleep(0.1)
        assert self.seen == ["", ""], self.seen
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, port: int) -> pd.DataFrame:
    """What the users of `TOGETHER` left, one of each; their own assertions hold."""
    folder = tmp_path_factory.mktemp("together")
    return load(folder, f"http://localhost:{port}", TOGETHER, Phase("single", users=6, iterations=1))[1]


def of(rows: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The rows whose endpoint ends with one of the names."""
    return rows[rows["endpoint"].str.endswith(names)]


def test_connect_request_and_ping_are_rows_with_their_facts(rows: pd.DataFrame) -> None:
    told = of(rows, "Desk", "Price")
    assert told["endpoint"].tolist() == ["WS connect Desk", "WS request Price", "WS request Desk", "WS ping Desk"]
    assert told["error"].isna().all()
    assert told["status"].iloc[0] == 101
    assert told["decoded_bytes"].iloc[1] == len('{"item": "\\u00e4", "id": 1}')
    assert (told["service_s"] > 0).all()
    assert (told["intended_at"] == told["started_at"]).all()


def test_replies_find_their_requests_whatever_their_order(rows: pd.DataFrame) -> None:
    """Two requests at once on one socket, answered the second first; the id stands deep in the message."""
    told = of(rows, "/reverse", "R1", "R2")
    assert sorted(told["endpoint"]) == ["WS connect /reverse", "WS request R1", "WS request R2"]
    assert told["error"].isna().all()


def test_what_the_server_pushes_is_jitter_by_stream(rows: pd.DataFrame) -> None:
    """The third push is the first with two gaps to compare, and what is told is how these differ, not how long each is:
    pushes every 20 ms for half a second are even but for what else this machine does."""
    pushes = rows[rows["endpoint"] == "WS push prices"]
    assert len(pushes) == of(rows, "pushes")["decoded_bytes"].iloc[0] - 2 > 5
    assert pushes["service_s"].median() < 0.1


def test_a_reply_after_its_time_limit_is_no_push(rows: pd.DataFrame) -> None:
    told = of(rows, "/late")["endpoint"].tolist()
    assert told == ["WS connect /late", *["WS request /late"] * 4, "WS ping /late"]


def test_a_loss_that_nobody_waits_for_is_a_row(rows: pd.DataFrame) -> None:
    told = of(rows, "Lost")
    assert told["endpoint"].tolist() == ["WS connect Lost", "WS connection Lost"]
    assert told["error"].dropna().tolist() == ["closed"]


def test_users_share_no_cookies(rows: pd.DataFrame) -> None:
    """websocket-client keeps one jar for the whole process. The user itself looks at what the server saw."""
    assert of(rows, "/cookie")["endpoint"].tolist() == ["WS connect /cookie"] * 2


def test_every_way_to_fail_is_a_row_with_its_kind(tmp_path: Path, port: int) -> None:
    """A failed request ends its task, as a failed check does, and is no exception of the scenario."""
    text = """
class Clerk(WebSocketUser):
    request_timeout = 0.5
    connect_timeout = 0.5
    max_message_bytes = 1_000_000

    @task
    def fail(self):
        for path in ("/silent", "/drop", "/goodbye", "/garbage", "/endless"):
            self.connect(path)
            try:
                self.request({}, name=path)
            except WebSocketFailedError:
                pass
        for path in ("/refuse", "http://127.0.0.1:1/", "wss://localhost:%d/"):
            assert not self.connect(path, name=path[:7])
        self.request({}, name="none")
        raise AssertionError("unreachable")
"""
    rows = once(tmp_path, port, text % port)
    kinds = rows[rows["error"].notna()].set_index("endpoint")["error"].to_dict()
    assert kinds == {
        "WS request /silent": "timeout",
        "WS request /drop": "closed",
        "WS request /goodbye": "closed",
        "WS request /garbage": "other",
        "WS request /endless": "other",
        "WS connect /refuse": "http_4xx",
        "WS connect http://": "connect",
        "WS connect wss://l": "timeout",
        "WS request none": "closed",
    }
    messages = rows.set_index("endpoint")["message"]
    assert messages["WS request /goodbye"] == "the server closed the WebSocket (1001)"
    assert messages["WS request /silent"] == "no reply within 0.5 s"


def test_a_broken_on_push_is_an_exception_of_the_scenario(tmp_path: Path, port: int) -> None:
    text = """
class Reader(WebSocketUser):
    def on_push(self, message):
        raise KeyError("mine")

    @task
    def read(self):
        self.connect("/push")
        gevent.sleep(0.1)
        self.ping()
"""
    scenario = Scenario(scenarios.write(tmp_path, HEAD + text))
    phase = Phase("single", users=1, iterations=1)
    run = run_phase(phase, scenario, f"http://localhost:{port}", tmp_path, on_status=lambda status: None)
    assert run.mark.scenario_exceptions > 0
    assert "KeyError: 'mine'" in (tmp_path / "locust.log").read_text()


def test_locusts_own_event_is_fired_for_whoever_listens(tmp_path: Path, port: int) -> None:
    text = """
from locust import events

@events.request.add_listener
def heard(request_type, name, response_time, response_length, exception, **_):
    with open("heard", "a") as file:
        print(request_type, name, response_time > 0, exception, file=file)

class Clerk(WebSocketUser):
    @task
    def price(self):
        self.connect("/echo")
        self.request({}, name="Price")
"""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        rows = once(tmp_path, port, text)
    assert len(rows) == 2
    told = (tmp_path / "heard").read_text().splitlines()
    assert told == ["WS WS connect /echo True None", "WS WS request Price True None"]


@lacking.needs("openssl", "openssl makes the certificate")
def test_a_certificate_is_verified_unless_told_otherwise(tmp_path: Path) -> None:
    both, key = tmp_path / "both.pem", tmp_path / "key.pem"
    options = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(both)]
    subprocess.run(["openssl", "req", "-x509", *options, *files], check=True, capture_output=True)
    both.write_text(both.read_text() + key.read_text())
    text = f"""
import ssl

class Clerk(WebSocketUser):
    @task
    def price(self):
        assert not self.connect("/echo", name="strict")
        self.insecure = True
        assert self.connect("/echo", name="insecure")
        self.request({{}}, name="insecure")
        self.insecure = False
        type(self).ssl_context_factory = staticmethod(lambda: ssl.create_default_context(cafile={str(both)!r}))
        assert self.connect("/echo", name="trusted")
        self.request({{}}, name="trusted")
"""
    with a_websocket_server(both) as port:
        rows = once(tmp_path, port, text, scheme="https")
    assert rows.set_index("endpoint")["error"].dropna().to_dict() == {"WS connect strict": "tls"}
    assert len(rows) == 5


HASTY = """
class Hasty(WebSocketUser):
    abstract = True
    reconnect_pause = (0.1, 0.4)

class Asking(Hasty):
    @task
    def ask(self):
        self.request({}, name="asked")

class Sending(Hasty):
    @task
    def send_it(self):
        self.send("go")

class Refused(Hasty):
    @task
    def connect_again(self):
        self.connect("/refuse")

class Lucky(Hasty):
    @task
    def refused_twice(self):
        self.connect("/refuse", name="twice")
        self.connect("/refuse", name="twice")
        self.connect("/echo")
        self.request({}, name="lucky")
"""


def test_users_without_a_wait_time_are_paced_after_failures(tmp_path: Path, port: int) -> None:
    """Pauses of 0.1 s, 0.2 s and from then on 0.4 s, in no row's time; a reply begins anew."""
    _, rows = load(tmp_path, f"http://localhost:{port}", HASTY, Phase("load", users=4, duration_s=3.0))
    for endpoint in ("WS request asked", "WS send ", "WS connect /refuse"):
        failed = rows[rows["endpoint"] == endpoint]
        assert 3 <= len(failed) <= 12, endpoint
        assert failed["error"].notna().all()
        assert failed["service_s"].median() < 0.1
    assert (rows["endpoint"] == "WS request lucky").sum() >= 5
