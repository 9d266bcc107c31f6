"""The report of a run that goes on: renewed now and then, one at a time, ended with the run; a failure is a note."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from perfkit import config as configs
from perfkit import metrics, rolling, store
from perfkit.model import Config
from tests.builders import a_run
from tests.cli.perfkit import strays

SUITE = """
[target]
url = "http://127.0.0.1:1"
[scenario]
file = "locustfile.py"
[[phase]]
name = "soak"
duration = "{duration}"
"""


def config_of(folder: Path, duration: str) -> Config:
    (folder / "locustfile.py").touch()
    return configs.from_text(SUITE.format(duration=duration), folder / "perfkit.toml", metrics=metrics.names())


def written(folder: Path) -> Path:
    folder.mkdir()
    store.write_record(folder, a_run(status="running", config=configs.effective(config_of(folder, "31m"))).record)
    return folder


def until(is_so: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)


@pytest.mark.parametrize(("duration", "every_s"), [("30m", 0.0), ("31m", 600.0)])
def test_only_long_runs_have_their_report_renewed(tmp_path: Path, duration: str, every_s: float) -> None:
    assert rolling.period_of(config_of(tmp_path, duration)) == every_s


def test_the_report_is_made_by_another_process_again_and_again(tmp_path: Path) -> None:
    folder, notes, made = written(tmp_path / "run"), list[str](), set[int]()
    report = folder / "report.html"
    with rolling.rolling(folder, 0.1, notes.append):
        until(lambda: report.exists() and (made.add(report.stat().st_mtime_ns) or len(made) == 2))
    assert (len(made), notes) == (2, [])


def test_a_report_that_fails_is_noted_once(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / store.RECORD).write_text("{")
    notes: list[str] = []
    with rolling.rolling(tmp_path / "run", 0.05, notes.append):
        until(lambda: notes)
        time.sleep(2.0)
    (note,) = notes
    assert note.startswith("the report could not be renewed while the run went on: error: ")


def test_one_that_is_under_way_ends_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it has begun to write; and no second one begins meanwhile."""
    stub = tmp_path / "python"
    stub.write_text(f'#!/bin/sh\ncd "{tmp_path}"\ntouch ".report.html.$$"\necho begun >> begun\nexec sleep 60\n')
    stub.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(stub))
    monkeypatch.setenv("PERFKIT_TEST_AT", str(tmp_path))
    notes: list[str] = []
    began = time.monotonic()
    with rolling.rolling(tmp_path, 0.05, notes.append):
        until(lambda: (tmp_path / "begun").exists())
        time.sleep(0.5)
    assert time.monotonic() - began < 30
    assert (tmp_path / "begun").read_text() == "begun\n"
    assert (notes, strays(tmp_path), list(tmp_path.glob(".report*"))) == ([], [], [])
