"""Benchmarks end in time and leave nothing behind; none is forgotten."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.benchmarks import __main__ as benchmarks

ROOT = Path(__file__).parents[2]
ENDLESS = """
import sys, tempfile, time
from tests.benchmarks import bounds

def main():
    with tempfile.TemporaryDirectory(dir=sys.argv[1]), bounds.started(["sleep", "60"]) as program:
        print(program.pid, flush=True)
        time.sleep(60)

bounds.run(main, int(sys.argv[2]))
"""


@pytest.mark.parametrize(("limit_s", "is_told", "why"), [(1, False, "ended after 1 s"), (60, True, "ended by SIGTERM")])
def test_a_benchmark_that_is_ended_takes_its_programs_and_files_along(
    tmp_path: Path, limit_s: int, is_told: bool, why: str
) -> None:
    argv = [sys.executable, "-c", ENDLESS, str(tmp_path), str(limit_s)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as endless:
        assert endless.stdout is not None
        pid = int(endless.stdout.readline())
        if is_told:
            endless.send_signal(signal.SIGTERM)
        _, said = endless.communicate(timeout=30)
    assert endless.returncode == 1
    assert why in said
    assert not psutil.pid_exists(pid)
    assert list(tmp_path.iterdir()) == []


def test_all_benchmarks_are_in_the_table() -> None:
    found = {file.stem for file in Path(__file__).parent.glob("*.py") if "\ndef main(" in file.read_text()}
    assert found - {"__main__", "test_bounds"} == set(benchmarks.ALL)


def test_what_a_benchmark_lacks_is_its_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "lean_http"],
        cwd=ROOT,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert '"not_run": "nginx is not on PATH: apt-get install nginx-light' in ended.stdout
