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
    """Up to six within a second, then down to none: they come one after the other, and go before the end."""
    stages = (Stage(6, 1.0), Stage(6, 0.5), Stage(0, 0.5), Stage(0, 1.0))
    users = starts_of(tmp_path, Phase("ramp", users=0, duration_s=3.0, stages=stages))
    came, went = [one.min() for one in users.values()], [one.max() for one in users.values()]
    assert len(users) == 6
    assert max(came) - min(came) > 0.4
    assert max(went) < 2.8


@pytest.mark.parametrize(
    ("pause", "least_s", "most_s"),
    [({"pacing_s": 0.2}, 0.19, 0.205), ({"think_s": (0.2, 0.3)}, 0.22, 0.32)],
    ids=["pacing, from start to start", "think, from end to start"],
)
def test_a_phase_says_how_long_users_wait_whatever_the_scenario_says(
    tmp_path: Path, pause: dict[str, object], least_s: float, most_s: float
) -> None:
    """Half of the gaps are within: the machine may be busy."""
    (starts,) = starts_of(tmp_path, Phase("load", users=1, duration_s=2.0, **pause)).values()
    assert least_s < starts.diff().median() < most_s + 0.02
    assert len(starts) <= 2.0 / least_s + 1
