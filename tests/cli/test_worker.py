"""`perfkit worker`: from another machine, with the token only, for all phases of a run."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from perfkit.cli.crowd import with_workers
from perfkit.errors import UsageError
from perfkit.model import Config, LeakRounds, Phase, Scenario, Target, Workers
from tests.cli.perfkit import perfkit, start, strays
from tests.cli.workers import TOKEN, a_free_port, a_worker, end_of
from tests.load.scenarios import FAST
from tests.servers import a_server


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
        load = ("--users", "4", "--duration", "4s", "--warmup", "0s", "--host", url)
        options = ("--workers", "1", "--expect-workers", "1", "--bind", "127.0.0.1:5575")
        run = start("bench", "locustfile.py", *load, *options, at=tmp_path)
        worker = a_worker("locustfile.py", "--master", "127.0.0.1:5575", at=tmp_path, machine=None, token=None)
        line = ""
        while "loading" not in line:
            line = worker.stderr.readline()
            assert line, "it ended before its time"
        time.sleep(1.0)
        worker.send_signal(signal.SIGINT)
        left, done = end_of(worker), end_of(run)
    assert left.code == 130
    assert "rows that were not fetched lie in" in left.err
    assert done.code == 6
    assert "lost 1 of 2 in phase load" in done.complaint
    assert strays(tmp_path) == []


def test_a_phase_without_the_others_is_said_to_be_one(tmp_path: Path) -> None:
    """As it begins: leak rounds have to be equal."""
    (tmp_path / "locustfile.py").write_text(FAST)
    with a_server() as url:
        (tmp_path / "perfkit.toml").write_text(ROUNDS_FIRST.format(url=url, pid=os.getpid()))
        bench = start("bench", "--expect-workers", "1", "--bind", f"127.0.0.1:{a_free_port()}", at=tmp_path)
        said = "phase leak is driven from the first machine alone; the workers of others wait meanwhile"
        assert bench.stderr is not None
        assert any(said in line for line in bench.stderr)
        bench.send_signal(signal.SIGINT)
        done = end_of(bench)
    assert done.code == 130, done.err
    assert strays(tmp_path) == []


ROUNDS_FIRST = """
[target]
url = "{url}"
watch = ["pid:{pid}"]
[scenario]
file = "locustfile.py"
[[phase]]
name = "leak"
iterations = 5
leak = {{ cooldown = "5s" }}
[[phase]]
name = "load"
users = 2
duration = "2s"
"""

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


def test_others_are_not_expected_where_no_phase_is_theirs() -> None:
    phases = (Phase("trace", iterations=1, is_trace=True), Phase("leak", iterations=9, leak=LeakRounds()))
    with pytest.raises(UsageError, match="driven from the first machine alone"):
        with_workers(replace(CONFIG, phases=phases), None, 2, "127.0.0.1:5577", None)


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
