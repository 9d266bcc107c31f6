"""One iteration of a scenario against its target: what is listed, and when nothing is sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perfkit.replay import PACE, Unanswered, replay_once
from tests.servers import Answer, a_server

SCENARIO = """
import os, time
from locust import FastHttpUser, between, task

class Visitor(FastHttpUser):
    wait_time = between(30 * float(os.environ["SCENARIO_PACE"]), 31 * float(os.environ["SCENARIO_PACE"]))

    @task(9)
    def fine(self):
        self.client.get("/fine", name="Fine")

    @task
    def missing(self):
        self.client.get("/missing", name="Missing")
        self.client.get("/missing/again", name="Missing")

    @task
    def wrong(self):
        with self.client.get("/fine", name="Wrong", catch_response=True) as reply:
            reply.failure("it says open-sesame")
"""


def answer(path: str) -> Answer:
    return (404 if "missing" in path else 200), {}, b"{}"


def test_every_task_runs_once_without_pauses_and_what_is_not_2xx_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its weight. Secrets of the environment are kept out of what is said."""
    monkeypatch.setenv("SHOP_PASSWORD", "open-sesame")
    (tmp_path / "locustfile.py").write_text(SCENARIO)
    with a_server(answer) as url:
        names = ("Fine", "Missing", "Wrong", "Never")
        replay = replay_once(tmp_path / "locustfile.py", url, names, variables=["SHOP_PASSWORD"])
    missing, wrong = replay.unanswered
    assert (missing.name, missing.status, missing.error, missing.count) == ("Missing", 404, "http_4xx", 2)
    assert wrong == Unanswered("Wrong", 200, "validation", "it says ***", 1)
    assert (replay.requests, replay.not_asked, replay.reason) == (4, ("Never",), None)
    assert PACE not in os.environ
    assert [path.name for path in tmp_path.iterdir()] == ["locustfile.py"]


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1:9", "nothing answers"), ("http://192.0.2.1", "neither this machine nor a private address")],
)
def test_a_target_that_is_not_there_or_not_allowed_is_not_asked(url: str, said: str, tmp_path: Path) -> None:
    """192.0.2.1 is an address of documentation; nobody may be loaded by accident."""
    replay = replay_once(tmp_path / "none.py", url, ("Fine",))
    assert said in (replay.reason or "")
    assert (replay.requests, replay.not_asked) == (0, ("Fine",))
