"""`perfkit worker`: from another machine, with the token only, for all phases of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from perfkit import store
from perfkit.cli.crowd import with_workers
from perfkit.errors import UsageError
from perfkit.model import Config, Phase, Scenario, Target, Workers
from tests.cli.perfkit import MARK, TIMEOUT_S, Done, perfkit, start, strays
from tests.load.scenarios import FAST
from tests.netns import OtherMachine, another_machine
from tests.servers import a_server

TOKEN = "PERFKIT_WORKER_TOKEN"
SECRET = "a-token-that-both-sides-know"
SUITE = """
name = "shared"
[target]
url = "{url}"
[scenario]
file = "locustfile.py"
[sampling]
settle = "0s"
[[phase]]
name = "first"
users = 4
duration = "2s"
[[phase]]
name = "second"
rate = "40/s"
users = 2
duration = "2s"
"""


def a_worker(*arguments: str | Path, at: Path, machine: OtherMachine | None, token: str | None) -> Any:
    """Begin `perfkit worker` there; whoever calls this ends it."""
    secret = {TOKEN: token} if token else {}
    argv = [*(machine.prefix if machine else ()), sys.executable, "-m", "perfkit", "worker", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if key != TOKEN}
    return subprocess.Popen(
        argv,
        cwd=at,
        env=environment | {"CI": "1", MARK: str(at), "TMPDIR": str(at)} | secret,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_of(process: Any) -> Done:
    with process:
        out, err = process.communicate(timeout=TIMEOUT_S)
        return Done(process.returncode, out, err)


@dataclass(frozen=True, slots=True)
class Story:
    """A run that waits for one worker of another machine, and who tried to be that one, in this order."""

    folder: Path
    run: Done
    stranger: Done
    other_scenario: Done
    worker: Done


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    with another_machine() as machine, a_server(delay_s=0.02, host=machine.here) as url:
        for folder in (here, there):
            (folder / "perfkit.toml").write_text(SUITE.format(url=url))
            (folder / "locustfile.py").write_text(FAST)
        (there / "changed.py").write_text(FAST + "\n# changed\n")
        master = f"{machine.here}:5571"
        run = start("bench", "--expect-workers", "1", "--bind", master, at=here, env={TOKEN: SECRET})
        stranger = a_worker("--master", master, at=there, machine=machine, token=SECRET + "!")
        said = end_of(stranger)
        changed = end_of(a_worker("changed.py", "--master", master, at=there, machine=machine, token=SECRET))
        worker = end_of(a_worker("--master", master, at=there, machine=machine, token=SECRET))
        yield Story(here, end_of(run), said, changed, worker)
    assert strays(here) == strays(there) == []


def test_the_worker_makes_the_load_of_all_phases_and_its_rows_are_fetched(story: Story) -> None:
    assert story.run.code == 0, story.run.err
    assert story.worker.code == 0, story.worker.err
    run = store.load(store.find("latest", story.folder / "reports"))
    assert [mark.name for mark in run.record.phases] == ["first", "second"]
    assert [len(mark.workers) for mark in run.record.phases] == [1, 1]
    assert run.requests["phase"].value_counts()["second"] == 80
    assert len(run.requests) == sum(mark.workers[0].requests for mark in run.record.phases)
    assert not list(run.folder.rglob("*.part"))


def test_both_sides_say_how_it_goes(story: Story) -> None:
    assert "1 of 1 workers are there" in story.run.err
    assert "somebody without the token of this run tries to join it" in story.run.err
    assert "phase first: loading http://" in story.worker.err
    assert "their rows were fetched" in story.worker.err
    assert SECRET not in story.run.err + story.run.out + story.worker.err


def test_a_worker_with_another_token_does_not_get_in(story: Story) -> None:
    assert story.stranger.code == 3
    assert "answers nobody with this worker's token" in story.stranger.complaint


def test_a_worker_with_another_scenario_is_refused(story: Story) -> None:
    assert story.other_scenario.code == 4
    assert "refuses this worker: its scenario is not the one of this run" in story.other_scenario.complaint


def test_the_run_knows_no_secret(story: Story) -> None:
    run = store.find("latest", story.folder / "reports")
    assert not [file for file in run.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert json.loads((run / "run.json").read_text())["phases"][0]["workers"][0]["is_fetched"]


def test_another_machine_is_not_joined_without_a_token(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(FAST)
    done = perfkit("worker", "locustfile.py", "--master", "10.255.255.1", at=tmp_path, env={TOKEN: ""})
    assert done.code == 2
    assert f"{TOKEN} is not set" in done.complaint


def test_where_nobody_answers_the_worker_says_so(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(FAST)
    done = perfkit("worker", "locustfile.py", "--master", "127.0.0.1:5573", "--wait", "1s", at=tmp_path)
    assert done.code == 3
    assert "nobody answers at 127.0.0.1:5573 within 1 s" in done.complaint
    assert strays(tmp_path) == []


def test_ctrl_c_ends_the_worker_names_its_rows_and_discards_the_run(tmp_path: Path) -> None:
    """Another worker, of the run's own machine, goes on to the end."""
    (tmp_path / "locustfile.py").write_text(FAST)
    with a_server(delay_s=0.02) as url:
        load = ("--users", "4", "--duration", "8s", "--warmup", "0s", "--host", url)
        options = ("--workers", "1", "--expect-workers", "1", "--bind", "127.0.0.1:5575")
        run = start("bench", "locustfile.py", *load, *options, at=tmp_path)
        worker = a_worker("locustfile.py", "--master", "127.0.0.1:5575", at=tmp_path, machine=None, token=None)
        line = ""
        while "loading" not in line:
            line = worker.stderr.readline()
            assert line, "it ended before its time"
        time.sleep(3.0)
        worker.send_signal(signal.SIGINT)
        left, done = end_of(worker), end_of(run)
    assert left.code == 130
    assert "rows that were not fetched lie in" in left.err
    assert done.code == 6
    assert "lost 1 of 2 in phase load" in done.complaint
    assert strays(tmp_path) == []


CONFIG = Config(Target("http://127.0.0.1:1"), Scenario(Path("locustfile.py")), (Phase("load", duration_s=1.0),))


@pytest.mark.parametrize(
    ("local", "remote", "bind", "wait", "said"),
    [
        (None, 0, "127.0.0.1", None, "--bind goes with --expect-workers"),
        (None, 0, None, "5m", "--wait goes with --expect-workers"),
        (0, 0, None, None, "nobody makes the load"),
        (None, 1, "*", None, "lets other machines in"),
        (None, 1, "192.0.2.1", None, r"cannot listen at 192\.0\.2\.1"),
        (None, 1, "127.0.0.1:5577", "soon", "--wait"),
    ],
)
def test_options_that_cannot_be_meant_are_said_before_any_load(
    monkeypatch: pytest.MonkeyPatch, local: int | None, remote: int, bind: str | None, wait: str | None, said: str
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    with pytest.raises(UsageError, match=said):
        with_workers(CONFIG, local, remote, bind, wait)


@pytest.mark.parametrize(
    ("suite", "local", "remote", "expected"),
    [(1, None, 0, 1), (4, None, 0, 4), (4, 2, 0, 2), (1, None, 2, 0), (4, None, 2, 4)],
)
def test_where_others_are_expected_this_machine_makes_no_load_unless_it_is_said(
    suite: int, local: int | None, remote: int, expected: int
) -> None:
    config = replace(CONFIG, scenario=replace(CONFIG.scenario, workers=Workers(local=suite)))
    bind = "127.0.0.1:5577" if remote else None
    assert with_workers(config, local, remote, bind, None).scenario.workers.local == expected
