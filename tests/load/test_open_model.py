"""The open model in a real Locust child, against real servers: every arrival keeps its time, and none is forgotten."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from perfkit.load.engine import PhaseRun, run_phase
from perfkit.load.orders import Status
from perfkit.model import Phase, Request, Scenario, Stage
from perfkit.recorded.rows import read_rows
from tests.load import scenarios
from tests.load.stalling import Staller, a_staller
from tests.servers import a_server

pytestmark = pytest.mark.alone

LEAN = scenarios.FAST.replace(
    "from locust import FastHttpUser, constant, task",
    "from locust import constant, task\nfrom perfkit.load import HttpUser as FastHttpUser",
)


def load(folder: Path, url: str, text: str, phase: Phase) -> tuple[PhaseRun, pd.DataFrame]:
    scenario = Scenario(scenarios.write(folder, text))
    run = run_phase(phase, scenario, url, folder, on_status=lambda status: None)
    return run, rows_of(folder)


def rows_of(folder: Path) -> pd.DataFrame:
    return read_rows(sorted((folder / "requests").glob("*.arrow")), Request).to_pandas()


class FreezeAfter:
    """Freezes a server for a second, `after_s` seconds after time zero of the load."""

    def __init__(self, staller: Staller, after_s: float) -> None:
        self.frozen_s = 0.0
        self._staller, self._after_s = staller, after_s
        self._thread: threading.Thread | None = None

    def __call__(self, status: Status) -> None:
        if self._thread is None and status.requests:
            self._thread = threading.Thread(target=self._freeze, args=(status.measured_at + self._after_s,))
            self._thread.start()

    def _freeze(self, at: float) -> None:
        time.sleep(max(at - time.time(), 0.0))
        self.frozen_s = self._staller.freeze(1.0, waiters=200)


def test_a_server_that_freezes_is_seen_in_the_response_times_as_it_was(tmp_path: Path) -> None:
    """A fifth of 1,000 arrivals fall into a freeze of 1 s, and wait for its end: up to 1 s, evenly spread."""
    scenario = Scenario(scenarios.write(tmp_path, LEAN))
    with a_staller() as staller:
        freeze = FreezeAfter(staller, 2.0)
        phase = Phase("stall", users=200, duration_s=5.0, rate_per_s=200.0)
        run = run_phase(phase, scenario, staller.url, tmp_path, on_status=freeze)
    rows = rows_of(tmp_path)
    response_s = rows["started_at"] - rows["intended_at"] + rows["service_s"]
    theory = [freeze.frozen_s - share * 5.0 for share in (0.10, 0.05, 0.01)]
    assert response_s.quantile([0.90, 0.95, 0.99]).tolist() == pytest.approx(theory, rel=0.05)
    assert (run.mark.arrivals, run.mark.started, run.mark.dropped, len(rows)) == (1000, 1000, 0, 1000)
    assert not rows["is_warmup"].any()
    assert run.mark.busiest_users == pytest.approx(200 * freeze.frozen_s, rel=0.1)


def test_arrivals_keep_their_times_and_their_weights(tmp_path: Path) -> None:
    """One arrival is one task, of a class by its weight; what it waits for is the schedule and not wait_time. Only its
    first request was meant for a time."""
    text = scenarios.FAST.replace("constant(0)", "constant(60)\n    weight = 4").replace(
        'self.client.get("/often", name="Often")',
        'self.client.get("/often", name="Often")\n        self.client.get("/then", name="Then")',
    )
    text += (
        "\nclass Idler(FastHttpUser):\n    @task\n    def idle(self):\n        self.client.get('/idle', name='Idle')\n"
    )
    with a_server(delay_s=0.01) as url:
        phase = Phase("load", users=5, duration_s=2.0, warmup_s=1.0, rate_per_s=100.0, arrivals="poisson")
        run, rows = load(tmp_path, url, text, phase)
    counts = rows["endpoint"].value_counts()
    assert counts["Often"] == counts["Then"] > 4 * counts["Rarely"] > 0
    assert counts["Often"] + counts["Rarely"] > 2 * counts["Idle"] > 0
    first, later = rows[rows["endpoint"] != "Then"], rows[rows["endpoint"] == "Then"]
    assert (later["intended_at"] == later["started_at"]).all()
    assert (first["intended_at"] < first["started_at"]).all()
    assert abs(int((~first["is_warmup"]).sum()) - run.mark.started) <= 1
    assert run.mark.started == run.mark.arrivals > 50


def test_who_finds_no_user_is_counted_as_dropped(tmp_path: Path) -> None:
    """Two users who take 200 ms serve ten arrivals a second, of fifty."""
    with a_server(delay_s=0.2) as url:
        phase = Phase("load", users=2, duration_s=2.0, warmup_s=0.5, rate_per_s=50.0, max_users=2)
        run, rows = load(tmp_path, url, scenarios.FAST, phase)
    assert run.mark.arrivals == 75
    assert run.mark.started + run.mark.dropped == 75
    assert run.mark.dropped > 50
    assert run.mark.dropped_warmup > 10
    assert run.mark.busiest_users == run.mark.max_users == 2
    assert int((~rows["is_warmup"]).sum()) <= run.mark.started


def test_users_grow_while_nobody_waits_for_them(tmp_path: Path) -> None:
    """One user is ready, and logs in; the others come when they are needed, and their logins are before time zero's."""
    text = scenarios.FAST + '\n    def on_start(self):\n        self.client.get("/login", name="Login")\n'
    with a_server(delay_s=0.1) as url:
        run, rows = load(tmp_path, url, text, Phase("load", users=1, duration_s=2.0, rate_per_s=50.0))
    logins = rows[rows["endpoint"] == "Login"]
    assert len(logins) > 5
    assert logins.iloc[0]["is_warmup"]
    assert (logins["intended_at"] == logins["started_at"]).all()
    assert run.mark.started == run.mark.arrivals == 100
    assert len(rows) == 100 + len(logins)


def test_a_scenario_that_cannot_log_in_ends_and_says_so(tmp_path: Path) -> None:
    text = scenarios.FAST + "\n    def on_start(self):\n        raise KeyError('token')\n"
    with a_server() as url:
        run, rows = load(tmp_path, url, text, Phase("load", users=2, duration_s=1.0, rate_per_s=10.0))
    assert len(rows) == 0
    assert run.mark.scenario_exceptions >= 2
    assert (run.mark.arrivals, run.mark.started, run.mark.dropped) == (10, 0, 10)


NESTED = """
from locust import FastHttpUser, TaskSet, constant, task

class Journey(TaskSet):
    @task
    def first(self):
        self.client.get("/a", name="Journey")
        self.client.get("/b", name="Journey")
        self.interrupt()

class Endless(TaskSet):
    @task
    def once(self):
        self.client.get("/c", name="Endless")

class Traveller(FastHttpUser):
    tasks = [Journey]

class Old(FastHttpUser):
    tasks = [Endless]
"""


def test_a_nested_task_set_is_one_arrival_unless_it_never_ends(tmp_path: Path) -> None:
    """Then each of its tasks is one: the users of old scenarios do all they do in such a set. In stages: a ramp to
    200/s in half a second, then 20/s."""
    stages = (Stage(200.0, 0.5), Stage(20.0, 0.0), Stage(20.0, 0.5))
    with a_server() as url:
        phase = Phase("ramp", users=10, duration_s=1.0, rate_per_s=0.0, stages=stages)
        run, rows = load(tmp_path, url, NESTED, phase)
    counts = rows["endpoint"].value_counts()
    assert counts["Journey"] / 2 + counts["Endless"] == run.mark.started == run.mark.arrivals == 60
    assert counts.min() > 5
    at = (rows["intended_at"] - run.mark.measured_at)[rows["intended_at"] < rows["started_at"]]
    assert [int((at < 0.25).sum()), int((at >= 0.5).sum())] == [pytest.approx(12.5, abs=1), pytest.approx(10, abs=1)]
