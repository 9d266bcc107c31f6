"""A run that goes on can be read, and its report is there before it ends; one that was killed keeps what it has."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perfkit import store
from tests.cli.perfkit import perfkit, start, strays
from tests.load import scenarios
from tests.servers import a_server

SUITE = """
[target]
url = "{url}"
[scenario]
file = "locustfile.py"
[[phase]]
name = "short"
duration = "2s"
[[phase]]
name = "soak"
users = 2
duration = "{duration}"
[sampling]
settle = "100ms"
"""


@contextmanager
def a_bench(at: Path, *options: str, duration: str) -> Iterator[subprocess.Popen[str]]:
    scenarios.write(at, scenarios.FAST)
    with a_server(delay_s=0.02) as url:
        (at / "perfkit.toml").write_text(SUITE.format(url=url, duration=duration))
        begun = start("bench", *options, at=at)
        try:
            yield begun
        finally:
            if begun.poll() is None:
                begun.send_signal(signal.SIGINT)
            begun.communicate(timeout=60)


def told(at: Path) -> dict[str, Any]:
    """What the report that is there says; nothing before there is one."""
    found = list(at.glob("reports/*/metrics.json"))
    return json.loads(found[0].read_text()) if found else {}


def await_that(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def requests_of(content: dict[str, Any], phase: str) -> float:
    scope = {"phase": phase}
    return sum(
        one["value"] for one in content.get("metrics", ()) if (one["name"], one["scope"]) == ("requests.count", scope)
    )


def test_the_report_is_renewed_while_the_run_goes_on(tmp_path: Path) -> None:
    """With the phase that has ended and the one that has not; the last report is of the whole run."""
    with a_bench(tmp_path, "--report-every", "500ms", duration="60s") as begun:
        await_that(lambda: requests_of(told(tmp_path), "soak") > 0)
        meanwhile = told(tmp_path)
        await_that(lambda: requests_of(told(tmp_path), "soak") > requests_of(meanwhile, "soak"))
        assert begun.poll() is None
        begun.send_signal(signal.SIGINT)
        begun.wait(timeout=60)
    assert (meanwhile["status"], told(tmp_path)["status"]) == ("running", "interrupted")
    assert meanwhile["run"]["notes"][-1].startswith("the run goes on: read at ")
    assert requests_of(meanwhile, "short") == requests_of(told(tmp_path), "short") > 0
    assert (strays(tmp_path), list(tmp_path.glob("reports/*/.*"))) == ([], [])


def test_a_killed_run_keeps_the_phases_that_had_ended_and_the_rows_of_the_last(tmp_path: Path) -> None:
    with a_bench(tmp_path, duration="60s") as begun:
        await_that(
            lambda: any(path.stat().st_size > 2_000 for path in tmp_path.glob("reports/*/requests/soak-*.arrow"))
        )
        running = perfkit("report", "latest", at=tmp_path)
        begun.kill()
        begun.wait(timeout=60)
    assert running.code == 0, running.err
    assert told(tmp_path)["status"] == "running"
    await_that(lambda: strays(tmp_path) == [])  # the load child sees that its parent is gone
    done = perfkit("report", "latest", at=tmp_path)
    assert done.code == 0, done.err
    assert (told(tmp_path)["status"], told(tmp_path)["run"]["notes"]) == (
        "interrupted",
        ["perfkit was killed in this run"],
    )
    record = store.load(next(tmp_path.glob("reports/*/run.json")).parent).record
    assert [(mark.name, mark.users) for mark in record.phases] == [("short", 1), ("soak", None)]
    assert all(requests_of(told(tmp_path), mark.name) > 0 for mark in record.phases)
