"""A load that needs more open files than there may be is refused before it begins; else its child takes what it may."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.errors import ScenarioError
from perfkit.load import open_files
from perfkit.model import Phase, Workers
from tests.servers import a_server

ROOT = Path(__file__).parents[2]
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from pathlib import Path
from perfkit.errors import ScenarioError
from perfkit.load.engine import run_phase
from perfkit.model import Phase, Scenario

try:
    folder = Path(sys.argv[1])
    phase = Phase("crowd", users={users}, duration_s=2.0)
    run = run_phase(phase, Scenario(folder / "s.py"), sys.argv[2], folder, print)
except ScenarioError as error:
    sys.exit(f"{{error}}; {{error.hint}}")
print("requests", run.end.requests, "errors", run.end.errors)
"""
SCENARIO = """
from perfkit.load import HttpUser
from locust import constant, task

class Visitor(HttpUser):
    wait_time = constant(1)

    @task
    def page(self):
        self.client.get("/")
"""


def run_limited(folder: Path, url: str, **limits: int) -> subprocess.CompletedProcess[str]:
    """One phase in a process that may have no more open files than `soft`, and `hard` when it asks for them."""
    (folder / "s.py").write_text(SCENARIO)
    return subprocess.run(
        [sys.executable, "-c", LIMITED.format(**limits), str(folder), url],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_load_beyond_the_hard_limit_is_refused_with_the_number_and_the_ways_to_raise_it(tmp_path: Path) -> None:
    ended = run_limited(tmp_path, "http://127.0.0.1:1", soft=256, hard=256, users=5000)
    assert ended.returncode == 1
    assert "5,000 users need up to 5,100 open files a process, and 256 are allowed" in ended.stderr
    for way in ("ulimit -Hn 5100", "LimitNOFILE=5100", "--ulimit nofile=5100", "--workers"):
        assert way in ended.stderr
    assert not (tmp_path / "requests").exists()


@pytest.mark.alone
def test_the_child_takes_more_than_the_soft_limit_when_it_may(tmp_path: Path) -> None:
    """Two hundred users at once, and 128 files to begin with: nobody finds the door closed."""
    with a_server(delay_s=0.05) as url:
        ended = run_limited(tmp_path, url, soft=128, hard=512, users=200)
    assert (found := re.search(r"requests (\d+) errors (\d+)", ended.stdout)), ended.stderr
    assert int(found[1]) >= 200
    assert int(found[2]) == 0


def test_workers_share_the_users_and_the_most_users_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_files.resource, "getrlimit", lambda _: (256, 1024))
    open_files.require(Phase("closed", users=924), Workers())
    open_files.require(Phase("closed", users=1848), Workers(local=2))
    with pytest.raises(ScenarioError, match="925 users need up to 1,025 open files a process, and 1,024 are allowed"):
        open_files.require(Phase("closed", users=925), Workers())
    with pytest.raises(ScenarioError, match="2,000 users in 2 processes need up to 1,100"):
        open_files.require(Phase("open", users=1, rate_per_s=1.0, max_users=2000), Workers(local=2))
