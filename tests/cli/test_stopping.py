"""Ctrl-C and `kill` while no load is running: the run is interrupted, and what was measured before is reported."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.perfkit import start, strays
from tests.load import scenarios
from tests.servers import a_server

SUITE = """
[target]
url = "{url}"
[scenario]
file = "locustfile.py"
workers = {workers}
[[phase]]
name = "first"
users = 2
duration = "1s"
warmup = "0s"
[[phase]]
name = "second"
users = 2
duration = "60s"
"""


def stopped_at(folder: Path, phase: str, wish: signal.Signals, workers: int = 1) -> tuple[int, str, dict[str, Any]]:
    """Exit code, standard output and record of a run that was stopped when the child of that phase was just there."""
    scenarios.write(folder, scenarios.FAST)
    with a_server(delay_s=0.01) as url:
        (folder / "perfkit.toml").write_text(SUITE.format(url=url, workers=workers))
        with start("bench", at=folder) as process:
            assert process.stderr is not None
            while f"phase {phase}" not in process.stderr.readline():
                assert process.poll() is None
            await_a_child(process)
            process.send_signal(wish)
            out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert "error:" not in err
    assert not strays(folder)
    (record,) = folder.glob("reports/*/run.json")
    return process.returncode, out, json.loads(record.read_text())


def await_a_child(process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not any("locust" in " ".join(child.cmdline()) for child in psutil.Process(process.pid).children()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_while_a_child_is_starting_the_phases_before_are_kept_and_reported(
    tmp_path: Path, wish: signal.Signals
) -> None:
    code, out, record = stopped_at(tmp_path, "second", wish)
    assert (code, record["status"]) == (130, "interrupted")
    assert [phase["name"] for phase in record["phases"]] == ["first"]
    assert (tmp_path / out.splitlines()[-1]).is_file()
    assert "stopped by Ctrl-C while no load was running" in record["notes"]


def test_before_anything_was_measured_the_run_is_interrupted_and_no_failure(tmp_path: Path) -> None:
    code, out, record = stopped_at(tmp_path, "first", signal.SIGINT)
    assert (code, record["status"], record["phases"]) == (130, "interrupted", [])
    assert (tmp_path / out.splitlines()[-1]).is_file()


def test_while_workers_are_starting_it_is_the_same(tmp_path: Path) -> None:
    code, _, record = stopped_at(tmp_path, "second", signal.SIGINT, workers=2)
    assert (code, record["status"]) == (130, "interrupted")
    assert [phase["name"] for phase in record["phases"]] == ["first"]
