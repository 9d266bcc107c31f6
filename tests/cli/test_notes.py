"""What a reader of a run is told beside its figures, on the terminal and in each report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.perfkit import perfkit
from tests.load import scenarios
from tests.servers import a_server

SCENARIO = """
from locust import constant, task
from perfkit.load import HttpUser, feed

users = feed("users.csv", order="unique")

class Visitor(HttpUser):
    wait_time = constant(0.01)

    @task
    def home(self):
        self.client.get("/", params={"name": users.next()["name"]}, name="Home")
"""


STARTED = """
[target]
url = "http://127.0.0.1:{port}"
start = ["python", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
watch = ["port:{port}"]
[scenario]
file = "locustfile.py"
[[phase]]
name = "load"
iterations = 2
"""


def test_what_takes_long_before_the_load_is_said(tmp_path: Path) -> None:
    """And what is started is found beside perfkit, wherever PATH leads."""
    scenarios.write(tmp_path, scenarios.FAST.replace("/often", "/").replace("/rarely", "/"))
    (tmp_path / "perfkit.toml").write_text(STARTED)
    done = perfkit("bench", at=tmp_path, env={"PATH": "/nowhere"})
    assert done.code in {0, 6}, done.err  # 6: on a busy machine it is no measurement
    assert done.err.splitlines()[0] == "· starting the target"


@pytest.mark.parametrize("more", [(), ("--workers", "2")])
def test_a_feed_that_ran_out_is_told(tmp_path: Path, more: tuple[str, ...]) -> None:
    """While it runs, at its end, and in the reports; every row was handed out once, over all workers."""
    asked: list[str] = []
    scenarios.write(tmp_path, SCENARIO)
    (tmp_path / "users.csv").write_text("name\n" + "".join(f"user{number}\n" for number in range(20)))
    words = ("bench", "locustfile.py", "--users", "4", "--duration", "1s", "--warmup", "0s", *more)
    with a_server(lambda path: asked.append(path) or (200, {}, b"{}"), delay_s=0.01) as url:
        done = perfkit(*words, "--host", url, at=tmp_path)
    assert sorted(path for path in asked if "name" in path) == sorted(f"/?name=user{number}" for number in range(20))
    note = "feed users.csv ran out after 20 rows: 4 users stopped in phase load; add rows, or order = 'cycle'"
    assert f"note: {note}" in " ".join(done.out.split())
    assert f"· {note}" in done.err
    folder = (tmp_path / done.out.splitlines()[-1]).parent
    assert note in json.loads((folder / "metrics.json").read_text())["run"]["notes"]
    assert "ran out after 20 rows" in (folder / "report.md").read_text()
