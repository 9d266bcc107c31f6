"""Several load processes for one phase: together they make exactly the load of one, and a lost one is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from perfkit.errors import ScenarioError
from perfkit.load.engine import PhaseRun, run_phase
from perfkit.load.orders import Status
from perfkit.model import Phase, Request, Scenario, Stage, Workers
from perfkit.recorded.rows import read_rows
from tests.load import scenarios
from tests.servers import a_server

TWO = Workers(local=2)


def load(folder: Path, url: str, phase: Phase, text: str = scenarios.FAST) -> tuple[PhaseRun, list[pd.DataFrame]]:
    """The run, and the rows of each worker."""
    scenario = Scenario(scenarios.write(folder, text), workers=TWO)
    run = run_phase(phase, scenario, url, folder, on_status=lambda status: None)
    assert children() == []
    return run, shards_of(folder)


def shards_of(folder: Path) -> list[pd.DataFrame]:
    return [read_rows([shard], Request).to_pandas() for shard in sorted((folder / "requests").glob("*.arrow"))]


def children() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "locust" in " ".join(child.cmdline())]


def workers() -> list[psutil.Process]:
    return [child for child in children() if "--worker" in child.cmdline()]


@dataclass(frozen=True, slots=True)
class Shared:
    """A closed phase of two workers, which a plain Locust worker tries to join."""

    run: PhaseRun
    shards: list[pd.DataFrame]
    log: str


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    folder = tmp_path_factory.mktemp("shared")
    strangers: list[subprocess.Popen[bytes]] = []

    def send_a_stranger(status: Status) -> None:
        if not strangers:
            port = workers()[0].cmdline()[-1]
            argv = [sys.executable, "-m", "locust", "-f", str(folder / "locustfile.py"), "--worker"]
            argv += ["--master-host", "127.0.0.1", "--master-port", port]
            strangers.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    scenario = Scenario(scenarios.write(folder, scenarios.FAST), workers=TWO)
    phase = Phase("load", users=4, duration_s=4.0, warmup_s=0.5)
    with a_server(delay_s=0.02) as url:
        try:
            run = run_phase(phase, scenario, url, folder, on_status=send_a_stranger)
        finally:
            for stranger in strangers:
                stranger.kill()
                stranger.wait()
    assert children() == []
    return Shared(run, shards_of(folder), (folder / "locust.log").read_text())


def test_users_are_shared_out_and_no_row_is_lost(shared: Shared) -> None:
    marks = shared.run.mark.workers
    assert [len(shard) for shard in shared.shards] == [mark.requests for mark in marks]
    assert min(len(shard) for shard in shared.shards) > 30
    assert shared.run.end.requests == sum(map(len, shared.shards))
    assert [mark.lost_at_s for mark in marks] == [None, None]


def test_percentiles_of_the_live_figures_are_of_all(shared: Shared) -> None:
    """The merged p99 is that of the rows within 0.2 %."""
    rows = pd.concat(shared.shards)
    measured = rows[~rows["is_warmup"]]
    p99_ms = (measured["started_at"] - measured["intended_at"] + measured["service_s"]).quantile(0.99) * 1e3
    assert shared.run.end.p99_ms == pytest.approx(p99_ms, rel=0.002)


def test_a_plain_locust_worker_does_not_get_in(shared: Shared) -> None:
    """Not even from this machine: only the run's own processes know its token."""
    assert len(shared.run.mark.workers) == 2
    assert shared.log.count("reported as ready") == 2


@pytest.mark.alone
def test_each_arrival_comes_once_and_they_are_evenly_spaced_over_both(tmp_path: Path) -> None:
    with a_server(delay_s=0.01) as url:
        phase = Phase("rush", users=4, duration_s=2.0, rate_per_s=50.0, max_users=21)
        run, shards = load(tmp_path, url, phase)
    due = np.sort(pd.concat(shards)["intended_at"].to_numpy())
    assert (run.mark.arrivals, run.mark.started, len(due)) == (100, 100, 100)
    assert [len(shard) for shard in shards] == [50, 50]
    assert np.diff(due) == pytest.approx(0.02, abs=0.005)


def test_a_sweep_ends_when_all_users_of_all_workers_have_gone(tmp_path: Path) -> None:
    """Three users on two workers: one worker ends before the other."""
    with a_server(delay_s=0.02) as url:
        run, shards = load(tmp_path, url, Phase("sweep", users=3, iterations=4))
    assert sorted(len(shard) for shard in shards) == [8, 16]
    assert pd.concat(shards)["endpoint"].value_counts().to_dict() == {"Often": 12, "Rarely": 12}
    assert run.mark.ended_at > run.mark.measured_at


@pytest.mark.alone
def test_stages_of_users_go_up_and_down_over_both(tmp_path: Path) -> None:
    text = scenarios.FAST.replace('name="Often"', 'name=f"user {id(self)}"').replace(
        'name="Rarely"', 'name=f"user {id(self)}"'
    )
    with a_server(delay_s=0.02) as url:
        stages = (Stage(6, 0.8), Stage(6, 1.0), Stage(0, 0.4), Stage(0, 0.8))
        run, shards = load(tmp_path, url, Phase("ramp", users=0, duration_s=3.0, stages=stages), text)
    assert [shard["endpoint"].nunique() for shard in shards] == [3, 3]
    assert max(shard["started_at"].max() for shard in shards) < run.mark.ended_at - 0.2


def test_there_are_no_more_workers_than_users(tmp_path: Path) -> None:
    """One user needs no master."""
    with a_server() as url:
        run, shards = load(tmp_path, url, Phase("single", users=1, iterations=2))
    assert run.mark.workers == ()
    assert len(shards) == 1


def test_ctrl_c_ends_all_and_keeps_their_rows(tmp_path: Path) -> None:
    seen: list[Status] = []

    def interrupt_once(status: Status) -> None:
        seen.append(status)
        if len(seen) == 2:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    with a_server(delay_s=0.01) as url:
        scenario = Scenario(scenarios.write(tmp_path, scenarios.FAST), workers=TWO)
        run = run_phase(Phase("load", users=4, duration_s=60.0), scenario, url, tmp_path, on_status=interrupt_once)
    assert run.is_interrupted
    assert sum(map(len, shards_of(tmp_path))) == run.end.requests > 0
    assert [mark.lost_at_s for mark in run.mark.workers] == [None, None]
    assert children() == []


def test_a_worker_that_is_killed_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    """Its rows are kept but for the last second, and its users are not given to the others."""
    killed: list[int] = []

    def kill_one(status: Status) -> None:
        if status.requests > 50 and not killed:
            victim = workers()[0]
            killed.append(victim.pid)
            victim.kill()

    with a_server(delay_s=0.02) as url:
        scenario = Scenario(scenarios.write(tmp_path, scenarios.FAST), workers=TWO)
        run = run_phase(Phase("load", users=4, duration_s=4.0), scenario, url, tmp_path, on_status=kill_one)
    (lost,) = [mark for mark in run.mark.workers if mark.lost_at_s is not None]
    (stayed,) = [mark for mark in run.mark.workers if mark.lost_at_s is None]
    assert lost.name.endswith(f"pid {killed[0]}")
    assert 0 < lost.lost_at_s < 4.0  # type: ignore[operator]
    assert not run.is_interrupted
    kept = {len(shard) for shard in shards_of(tmp_path)}
    assert stayed.requests in kept
    assert min(kept) >= lost.requests > 0
    assert run.end.users <= 2
    assert children() == []


def test_a_scenario_that_cannot_be_loaded_is_explained_with_workers_too(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="line 2: ValueError: mine"):
        load(
            tmp_path, "http://127.0.0.1:1", Phase("load", users=4, duration_s=1.0), "x = 1\nraise ValueError('mine')\n"
        )
    assert children() == []


def test_workers_that_do_not_come_are_missed(tmp_path: Path) -> None:
    scenario = Scenario(
        scenarios.write(tmp_path, scenarios.FAST), workers=replace(TWO, local=1, remote=1, port=0, wait_s=2.0)
    )
    with pytest.raises(ScenarioError, match=r"[01] of 2 workers came within 2 s"):
        run_phase(Phase("load", users=4, duration_s=1.0), scenario, "http://127.0.0.1:1", tmp_path, lambda _: None)
    assert children() == []
