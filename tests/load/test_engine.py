"""A real Locust child against a real server: every request is a row, and every failure a sentence."""

from __future__ import annotations

import gzip
import os
import signal
import threading
from pathlib import Path

import pandas as pd
import psutil
import pytest

from perfkit.errors import ScenarioError
from perfkit.load.engine import PhaseRun, run_phase
from perfkit.load.orders import Status
from perfkit.model import Phase, Request, Scenario
from perfkit.recorded.rows import read_rows
from tests.load import scenarios
from tests.servers import a_server, chunked

PACKED = gzip.compress(b"x" * 5000)


def load(folder: Path, url: str, text: str, phase: Phase) -> tuple[PhaseRun, pd.DataFrame]:
    scenario = Scenario(scenarios.write(folder, text))
    run = run_phase(phase, scenario, url, folder, on_status=lambda status: None)
    return run, rows_of(folder)


def rows_of(folder: Path) -> pd.DataFrame:
    return read_rows(sorted((folder / "requests").glob("*.arrow")), Request).to_pandas()


@pytest.mark.parametrize("text", [scenarios.FAST, scenarios.REQUESTS], ids=["FastHttpUser", "HttpUser"])
def test_each_request_is_one_row_with_its_facts(tmp_path: Path, text: str) -> None:
    """Wire bytes of a chunked gzip reply are what came over the wire, decoded bytes what came out."""
    headers = {"Transfer-Encoding": "chunked", "Content-Encoding": "gzip", "X-Cache": "HIT"}
    with a_server(lambda path: (200, headers, chunked(PACKED[:10], PACKED[10:])), delay_s=0.02) as url:
        _, rows = load(tmp_path, url, text, Phase("single", users=1, iterations=2))
    assert rows["endpoint"].tolist() == ["Often", "Rarely"] * 2
    row = rows.iloc[0]
    assert (row["status"], row["wire_bytes"], row["decoded_bytes"], row["cache"]) == (200, len(PACKED), 5000, "hit")
    assert 0.02 <= row["ttfb_s"] <= row["service_s"]
    assert row["intended_at"] == row["started_at"]
    assert rows["error"].isna().all()


def test_a_round_runs_every_task_once_whatever_its_weight(tmp_path: Path) -> None:
    with a_server() as url:
        run, rows = load(tmp_path, url, scenarios.FAST, Phase("single", users=2, iterations=3))
    assert rows["endpoint"].value_counts().to_dict() == {"Often": 6, "Rarely": 6}
    assert not run.is_interrupted


def test_warm_up_is_recorded_and_marked(tmp_path: Path) -> None:
    """As is what a user begins while the others are already sent away: neither is part of any figure."""
    with a_server(delay_s=0.01) as url:
        run, rows = load(tmp_path, url, scenarios.FAST, Phase("load", users=2, duration_s=2.0, warmup_s=1.0))
    warm, measured = rows[rows["is_warmup"]], rows[~rows["is_warmup"]]
    assert len(warm) > 10
    assert len(measured) > 10
    is_within = rows["started_at"].between(run.mark.measured_at, run.mark.ended_at, inclusive="left")
    assert (rows["is_warmup"] == ~is_within).all()
    assert run.mark.ended_at - run.mark.measured_at == pytest.approx(1.0, abs=0.5)


def test_durations_are_not_rounded(tmp_path: Path) -> None:
    """Locust's own statistics round 123.4 ms to 120 ms; a row keeps what the clock said."""
    with a_server(delay_s=0.0) as url:
        _, rows = load(tmp_path, url, scenarios.FAST, Phase("single", users=1, iterations=10))
    milliseconds = rows["service_s"] * 1000
    assert (milliseconds != milliseconds.round(2)).any()
    assert milliseconds.nunique() > len(rows) / 2  # two alike are rare, rounded ones are not


def test_failures_are_rows_with_their_kind(tmp_path: Path) -> None:
    text = """
from locust import FastHttpUser, task

class Shopper(FastHttpUser):
    @task
    def server(self):
        self.client.get("/500", name="Server")

    @task
    def validated(self):
        with self.client.get("/ok", name="Validated", catch_response=True) as response:
            response.failure("not what I wanted")

    @task
    def refused(self):
        self.client.get("http://127.0.0.1:1/", name="Refused")
"""
    with a_server(lambda path: (500 if path == "/500" else 200, {}, b"{}")) as url:
        _, rows = load(tmp_path, url, text, Phase("single", users=1, iterations=1))
    assert rows.set_index("endpoint")["error"].to_dict() == {
        "Server": "http_5xx",
        "Validated": "validation",
        "Refused": "connect",
    }
    assert rows.set_index("endpoint")["message"]["Validated"] == "not what I wanted"


def test_an_exception_in_a_listener_or_a_task_is_counted(tmp_path: Path) -> None:
    text = (
        scenarios.FAST
        + """
from locust import events

@events.request.add_listener
def broken(**_):
    raise RuntimeError("listener")

class Clumsy(FastHttpUser):
    @task
    def clumsy(self):
        raise KeyError("task")
"""
    )
    with a_server() as url:
        run, rows = load(tmp_path, url, text, Phase("load", users=2, duration_s=1.5))
    assert run.mark.listener_exceptions == len(rows) > 0
    assert run.mark.scenario_exceptions > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from locust import task\nclass A(:\n", "line 2: SyntaxError"),
        ("import locust\n", "no Locust User class"),
        ("from locust import HttpLocust\nclass A(HttpLocust):\n    pass\n", "Locust before 1.0"),
        ("import not_installed_anywhere\n", "No module named 'not_installed_anywhere'"),
        ("x = 1\nraise ValueError('mine')\n", "line 2: ValueError: mine"),
    ],
)
def test_a_scenario_that_cannot_be_loaded_is_explained(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path, "http://127.0.0.1:1", text, Phase("single", users=1, iterations=1))
    assert said in caught.value.message
    assert "Traceback" not in caught.value.message
    assert caught.value.hint


def test_one_ctrl_c_ends_the_phase_and_keeps_its_rows(tmp_path: Path) -> None:
    """KeyboardInterrupt arrives in the parent only; the child is told, ends, and leaves nothing behind."""
    seen: list[Status] = []

    def interrupt_once(status: Status) -> None:
        seen.append(status)
        if len(seen) == 2:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    with a_server(delay_s=0.01) as url:
        scenario = Scenario(scenarios.write(tmp_path, scenarios.FAST))
        run = run_phase(Phase("load", users=2, duration_s=30.0), scenario, url, tmp_path, on_status=interrupt_once)
    assert run.is_interrupted
    assert len(rows_of(tmp_path)) == run.end.requests > 0
    assert not [child for child in psutil.Process().children() if "locust" in " ".join(child.cmdline())]


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    text = scenarios.FAST.replace(
        "constant(0)", "constant(0)\n    def on_stop(self):\n        import time; time.sleep(30)"
    )

    def interrupt(status: Status) -> None:
        if status.requests:
            for after_s in (0.1, 0.6):
                threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGINT)).start()

    scenario = Scenario(scenarios.write(tmp_path, text))
    phase = Phase("load", users=1, duration_s=1.2)
    with a_server() as url, pytest.raises(KeyboardInterrupt):
        run_phase(phase, scenario, url, tmp_path, on_status=interrupt)
    assert not [child for child in psutil.Process().children() if "locust" in " ".join(child.cmdline())]
