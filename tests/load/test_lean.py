"""--lean: what is swapped, what is not and why, and what a request says that only Locust's client can make."""

from __future__ import annotations

from pathlib import Path

from perfkit.load.engine import PhaseRun, run_phase
from perfkit.model import Phase, Request, Scenario
from perfkit.recorded.rows import read_rows
from tests.load import scenarios
from tests.servers import a_server

KEPT = """
from locust import FastHttpUser, HttpUser, TaskSet, User, constant, task
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpUser as ByModule
from locust.user.users import HttpUser as ByUsers
from requests.auth import HTTPDigestAuth

class Pooled(FastHttpUser):
    max_retries = 3
    @task
    def get(self): pass

class OwnClient(HttpUser):
    def __init__(self, environment):
        super().__init__(environment)
        self.client = HttpSession(self.host, environment.events.request, self)
    @task
    def get(self): pass

class Pages(TaskSet):
    @task
    class Inner(TaskSet):
        @task
        def get(self):
            (lambda: self.client.get("/", proxies={"http": "http://127.0.0.1"}))()

class InATaskSet(HttpUser):
    tasks = {Pages: 1}

class Digest(HttpUser):
    @task
    def get(self):
        self.client.get("/", auth=HTTPDigestAuth("a", "b"))

class Own(User):
    @task
    def get(self): pass

class A(ByModule):
    @task
    def get(self): pass

class B(ByUsers):
    @task
    def get(self): pass

class C(B):
    @task
    def get(self):
        self.client.mount("http://", None)
"""

LATE = """
from locust import FastHttpUser, HttpUser, constant, task
from requests.auth import HTTPBasicAuth, HTTPDigestAuth as Digest

def adapt(user):
    user.client.mount("http://", None)

def ask(user, **more):
    user.client.get("/late", **more)

class Late(HttpUser):
    @task
    def mounted(self):
        adapt(self)
    @task
    def streamed(self):
        ask(self, **{"str" + "eam": True})
    @task
    def digest(self):
        ask(self, auth=Digest("a", "b"))
    @task
    def fine(self):
        self.client.auth = HTTPBasicAuth("a", "b")
        self.client.get("/fine", auth=HTTPBasicAuth("a", "b"))
        self.client.base_url = self.client.base_url + "/v2"
        self.client.get("/moved")
"""


def load(folder: Path, text: str, phase: Phase) -> tuple[PhaseRun, list[str]]:
    scenario = Scenario(scenarios.write(folder, text), is_lean=True)
    with a_server(delay_s=0.01) as url:
        run = run_phase(phase, scenario, url, folder, on_status=lambda status: None)
    rows = read_rows(sorted((folder / "requests").glob("*.arrow")), Request).to_pandas()
    return run, rows["endpoint"].tolist()


def test_each_class_that_keeps_locusts_client_is_told_with_the_reason(tmp_path: Path) -> None:
    run, _ = load(tmp_path, KEPT, Phase("load", users=1, iterations=1))
    first, *others = run.end.notes
    assert first.startswith("lean: A, B of 8 classes of users had perfkit's client; a server may be silent for 60 s")
    assert others == [
        "lean: Pooled kept Locust's client: it sets max_retries",
        "lean: OwnClient kept Locust's client: it has a client of its own",
        "lean: InATaskSet kept Locust's client: it passes proxies=",
        "lean: Digest kept Locust's client: it uses HTTPDigestAuth",
        "lean: C derives from a lean class and may fail: it uses client.mount",
    ]


def test_what_was_not_seen_beforehand_is_said_where_it_fails(tmp_path: Path) -> None:
    """And what can be had is had: HTTP Basic by requests' object, another base URL, names as requests gives them."""
    run, endpoints = load(tmp_path, LATE, Phase("once", users=1, iterations=1))
    assert endpoints == ["/fine", "/v2/moved"]
    raised = [note.partition("raised ")[2] for note in run.end.notes if "raised" in note]
    assert raised == [
        "AttributeError: the lean client has no `mount`; run without --lean (locustfile.py, line 6)",
        "LeanError: the lean client has no stream=; run without --lean (locustfile.py, line 9)",
    ]
    assert run.mark.scenario_exceptions == 3
