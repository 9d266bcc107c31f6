"""What a scenario does that nobody foresees: the rows and users that it costs are told, and what it leaves goes."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from perfkit.errors import ScenarioError
from perfkit.load.engine import PhaseRun, run_phase
from perfkit.model import Phase, Request, Scenario
from perfkit.recorded.rows import read_rows
from tests.load import scenarios
from tests.servers import a_server

HEAD = """
import os, subprocess, sys
import gevent
from locust import HttpUser, constant, task
import perfkit.load

class Shopper(BASE):
    wait_time = constant(0.05)
    done = 0
    is_left = True

    def is_time(self):
        # once, for one user
        is_time = Shopper.is_left and Shopper.done > 5
        Shopper.is_left = Shopper.is_left and not is_time
        return is_time

    @task
    def look(self):
        Shopper.done += 1
        self.client.get("/", name="Look")
"""


def load(folder: Path, task: str, phase: Phase, base: str = "HttpUser") -> tuple[PhaseRun, list[dict[str, object]]]:
    text = HEAD.replace("BASE", base) + "".join(f"        {line}\n" for line in task.splitlines())
    scenario = Scenario(scenarios.write(folder, text))
    with a_server(delay_s=0.01) as url:
        run = run_phase(phase, scenario, url, folder, on_status=lambda status: None)
    return run, read_rows(sorted((folder / "requests").glob("*.arrow")), Request).to_pylist()


@pytest.mark.parametrize("base", ["HttpUser", "perfkit.load.HttpUser"])
def test_half_a_character_in_a_name_or_a_message_costs_no_row(tmp_path: Path, base: str) -> None:
    """JSON may hold one ("\\ud800"), a file cannot: U+FFFD stands for it, and all rows of all ticks are there."""
    task = """self.client.get("/", name="half \\ud800")
with self.client.get("/", name="Said", catch_response=True) as reply:
    reply.failure("no \\udcff")
"""
    run, rows = load(tmp_path, task, Phase("load", users=1, duration_s=2.5), base)
    assert {row["endpoint"] for row in rows} == {"Look", "half \ufffd", "Said"}
    assert {row["message"] for row in rows} == {None, "no \ufffd"}
    assert (run.mark.rows_lost, len(rows)) == (0, run.mark.requests)


def test_rows_that_cannot_be_written_are_counted_as_lost_and_later_ones_are_kept(tmp_path: Path) -> None:
    """A lean client's row goes to the recorder as it is; what nobody can write must not end the writing."""
    task = """from perfkit.load.child import sink
if self.is_time():
    sink.current.append(("load", "Odd", "no time", 0.0))
"""
    run, rows = load(tmp_path, task, Phase("load", users=1, duration_s=3.5))
    assert 0 < run.mark.rows_lost < run.mark.requests
    assert len(rows) == run.mark.requests - run.mark.rows_lost > 0


def test_a_time_limit_of_gevent_ends_the_task_and_not_the_user(tmp_path: Path) -> None:
    """It is a BaseException, which Locust does not catch."""
    task = "with gevent.Timeout(0.01):\n    gevent.sleep(5)\n"
    run, rows = load(tmp_path, task, Phase("load", users=2, duration_s=1.5))
    assert run.mark.users_lost == 0
    assert run.mark.scenario_exceptions == pytest.approx(len(rows), abs=2)
    assert len(rows) > 10
    assert run.end.notes == ["phase load: the scenario raised Timeout: 0.01 seconds (locustfile.py, line 23)"]


def test_users_that_something_ends_are_counted_and_told(tmp_path: Path) -> None:
    """The others go on to the end of the phase."""
    task = "if self.is_time():\n    raise GeneratorExit('enough')\n"
    run, rows = load(tmp_path, task, Phase("load", users=2, duration_s=2.0))
    assert (run.mark.users_lost, run.mark.scenario_exceptions) == (1, 1)
    assert run.end.notes == ["phase load: the scenario raised GeneratorExit: enough (locustfile.py, line 23)"]
    assert run.mark.ended_at - run.mark.measured_at == pytest.approx(2.0, abs=0.5)
    assert len(rows) > 15


@pytest.mark.parametrize("leaving", ["raise KeyboardInterrupt", "sys.exit(3)"])
def test_a_task_that_ends_locust_has_ended_a_user_too(tmp_path: Path, leaving: str) -> None:
    """With the rows of until then, and the last word."""
    run, rows = load(tmp_path, f"if self.is_time():\n    {leaving}\n", Phase("load", users=2, duration_s=20.0))
    assert run.mark.users_lost == 1
    assert any("the scenario itself ended the load, after" in note for note in run.end.notes)
    assert run.end.is_final
    assert len(rows) == run.mark.requests > 0


def test_users_that_end_as_they_should_are_not_lost(tmp_path: Path) -> None:
    """By iterations, by StopUser; also when on_stop raises something on the way."""
    text = HEAD.replace("BASE", "HttpUser") + "    def on_stop(self):\n        raise ValueError('late')\n"
    with a_server(delay_s=0.01) as url:
        scenario = Scenario(scenarios.write(tmp_path, text))
        phase = Phase("single", users=2, iterations=2)
        run = run_phase(phase, scenario, url, tmp_path, on_status=lambda status: None)
    assert (run.mark.users_lost, run.mark.requests) == (0, 4)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("os._exit(3)", "Locust ended with code 3 during the load"),
        ("os._exit(0)", "Locust ended with code 0 during the load"),
        ("os.kill(os.getpid(), 9)", r"Locust was killed \(SIGKILL\) during the load"),
    ],
)
def test_a_child_that_ends_in_its_first_task_has_begun_its_load(tmp_path: Path, task: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        load(tmp_path, task, Phase("load", users=1, duration_s=2.0))


@pytest.mark.parametrize(
    "start",
    ['subprocess.Popen(["sleep", "321"]).pid', 'subprocess.Popen(["sh", "-c", "sleep 321 & wait"]).pid', "fork()"],
)
def test_what_a_scenario_has_started_ends_with_the_phase(tmp_path: Path, start: str) -> None:
    """A fork holds the status pipe open, and must not hold up the run."""
    task = f"""def fork():
    import signal
    child = os.fork()
    while not child:
        signal.pause()
    return child
if Shopper.done == 1:
    print("started", {start}, flush=True)
"""
    run, _ = load(tmp_path, task, Phase("load", users=1, duration_s=1.5))
    told = (tmp_path / "locust.log").read_text()
    started = int(told[told.index("started ") :].split()[1])
    assert run.end.is_final
    deadline = time.monotonic() + 5
    while is_alive(started) and time.monotonic() < deadline:  # a large process takes a moment to be gone
        time.sleep(0.02)
    assert not is_alive(started)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
