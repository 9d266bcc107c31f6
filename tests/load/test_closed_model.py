"""Users who wait for each reply: how many there are over time, and how long they wait between two tasks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from perfkit.load.engine import run_phase
from perfkit.model import Phase, Scenario, Stage
from tests.load import scenarios
from tests.load.test_open_model import rows_of
from tests.servers import a_server

pytestmark = pytest.mark.alone

EACH_BY_NAME = """
from locust import FastHttpUser, TaskSet, constant, task

class Hasty(TaskSet):
    wait_time = constant(0)

    @task
    def page(self):
        self.client.get("/", name=f"user {id(self.user)}")

class Visitor(FastHttpUser):
    wait_time = constant(60)
    tasks = [Hasty]
"""


def starts_of(folder: Path, phase: Phase) -> dict[str, pd.Series]:
    """User → when its requests began, in seconds after the first of all."""
    with a_server(delay_s=0.02) as url:
        scenario = Scenario(scenarios.write(folder, EACH_BY_NAME))
        mark = run_phase(phase, scenario, url, folder, on_status=lambda status: None).mark
    assert mark.scenario_exceptions == 0
    rows = rows_of(folder).sort_values("started_at")
    return {str(name): one["started_at"] - mark.measured_at for name, one in rows.groupby("endpoint", observed=True)}


def test_stages_bring_users_and_send_them_away(tmp_path: Path) -> None:
    """Up to six within a second, then down to none: they come one after the other, and go before the end. Between two
    tasks they think as long as the phase says, whatever the scenario says."""
    stages = (Stage(6, 1.0), Stage(0, 0.5), Stage(0, 0.8))
    users = starts_of(tmp_path, Phase("ramp", users=0, duration_s=2.3, stages=stages, think_s=(0.1, 0.2)))
    came, went = [one.min() for one in users.values()], [one.max() for one in users.values()]
    assert len(users) == 6
    assert max(came) - min(came) > 0.4
    assert max(went) < 2.2
    assert 0.12 < pd.concat([one.diff() for one in users.values()]).median() < 0.25


def test_pacing_is_from_start_to_start(tmp_path: Path) -> None:
    """The 20 ms of a request are in it. The median: the machine may be busy."""
    (starts,) = starts_of(tmp_path, Phase("load", users=1, duration_s=1.5, pacing_s=0.2)).values()
    assert 0.19 < starts.diff().median() < 0.215
    assert len(starts) <= 9


def test_a_scenario_that_computes_makes_the_loop_late(tmp_path: Path) -> None:
    """While one user computes for 0.2 s, nobody else reads a reply: the mark tells it."""
    text = scenarios.FAST.replace(
        'self.client.get("/often", name="Often")',
        'self.client.get("/often", name="Often")\n        sum(range(8_000_000))',
    )
    with a_server() as url:
        scenario = Scenario(scenarios.write(tmp_path, text))
        phase = Phase("load", users=1, duration_s=1.5)
        mark = run_phase(phase, scenario, url, tmp_path, on_status=lambda status: None).mark
    assert mark.loop_lag_p99_ms is not None
    assert mark.loop_lag_p99_ms > 50
