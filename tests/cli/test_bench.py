"""`perfkit bench`, `check`, `report` and `compare` on a real server, end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.perfkit import perfkit, strays
from tests.load import scenarios
from tests.servers import a_server

SUITE = """
name = "shop"
[target]
url = "{url}"
[scenario]
file = "locustfile.py"
[sampling]
settle = "100ms"
[[phase]]
name = "single"
iterations = 5
{more}
[[expect]]
that = "latency.p95{{Often, single}} < {limit}"
priority = "critical"
[[expect]]
that = "errors.ratio < 1%"
"""
CONCURRENT = """
[[phase]]
name = "concurrent"
users = 3
duration = "2s"
warmup = "500ms"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """A folder with a scenario and a suite, for a server that takes 10 ms."""
    scenarios.write(tmp_path, scenarios.FAST)
    with a_server(lambda path: (200, {"X-Cache": "HIT"}, b"{}"), delay_s=0.01) as url:
        (tmp_path / "perfkit.toml").write_text(SUITE.format(url=url, limit="5s", more=CONCURRENT))
        (tmp_path / "strict.toml").write_text(SUITE.format(url=url, limit="1us", more=""))
        yield tmp_path


def test_a_suite_is_measured_judged_and_reported(shop: Path) -> None:
    """Exit 0 when everything holds; the last line is the path of the report; check judges the same run again."""
    done = perfkit("bench", at=shop)
    assert done.code == 0, done.err
    report = shop / done.out.splitlines()[-1]
    assert report.name == "report.html"
    folder = report.parent
    assert {"report.md", "junit.xml", "metrics.json", "run.json", "locust.log"} <= {
        path.name for path in folder.iterdir()
    }

    again = perfkit("check", "latest", "--json", at=shop)
    assert again.code == 0
    told = json.loads(again.out)
    assert told["status"] == "complete"
    counts = {
        metric["scope"]["phase"]: metric["value"]
        for metric in told["metrics"]
        if metric["name"] == "requests.count" and metric["scope"].get("endpoint") == "Often"
    }
    assert counts["single"] == 5
    assert counts["concurrent"] > 30
    assert [verdict["outcome"] for verdict in told["verdicts"]] == ["pass", "pass"]

    assert perfkit("check", "latest", "--suite", "strict.toml", at=shop).code == 1
    assert perfkit("report", folder.name, at=shop).out.strip().endswith("report.html")


def test_two_runs_of_the_same_thing_are_no_regression(shop: Path) -> None:
    for name in ("a", "b"):
        assert perfkit("bench", "--out", shop / name, at=shop).code == 0
    (base,), (head,) = ((shop / name).iterdir() for name in ("a", "b"))
    done = perfkit("compare", base, head, "--report", "both", at=shop)
    assert done.code == 0, done.out + done.err
    assert (shop / "both" / "report.html").is_file()


def test_a_locust_file_alone_is_measured_with_host(shop: Path) -> None:
    with a_server(delay_s=0.02) as url:
        done = perfkit("bench", "locustfile.py", "--host", url, "--users", "2", "--duration", "1s", "--json", at=shop)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert {metric["scope"].get("phase") for metric in told["metrics"]} >= {"load"}
    assert not strays(shop)


def test_a_rate_offers_arrivals_whatever_the_target_does(shop: Path) -> None:
    """Poisson ones too; their checks are among the others, and the run says what was offered."""
    words = ("bench", "locustfile.py", "--rate", "50/s", "--poisson", "--max-users", "60", "--duration", "2s")
    with a_server(delay_s=0.02) as url:
        done = perfkit(*words, "--host", url, "--json", at=shop)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    (figures,) = [
        {metric["name"]: metric["value"] for metric in told["metrics"] if metric["scope"] == {"phase": "load"}}
    ]
    assert figures["throughput.offered_per_s"] == pytest.approx(50, abs=15)
    assert figures["arrivals.dropped_count"] == 0
    assert figures["requests.count"] == pytest.approx(figures["throughput.offered_per_s"] * 1.8, abs=2)
    assert figures["lateness.p99_ms"] > 0
    assert figures["latency.p50_ms"] >= figures["service.p50_ms"]
    checks = {check["name"]: check["observed"] for check in told["validity"]}
    assert checks["achieved rate"] == "100% in phase load"
    assert "of 60" in checks["users busy at once"]


def test_a_profile_is_run_in_place_of_the_phases(shop: Path) -> None:
    """One that is not there is a mistake with a suggestion."""
    suite = (shop / "perfkit.toml").read_text() + '[[profile.smoke.phase]]\nname = "single"\niterations = 2\n'
    (shop / "perfkit.toml").write_text(suite)
    done = perfkit("bench", "--profile", "smoke", "--json", at=shop)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert {metric["scope"].get("phase") for metric in told["metrics"]} - {None} == {"single"}
    wrong = perfkit("bench", "--profile", "smok", at=shop)
    assert (wrong.code, "did you mean 'smoke'?" in wrong.err) == (2, True), wrong.err


def test_arguments_after_two_dashes_go_to_locust(shop: Path) -> None:
    """A tag leaves only its tasks."""
    text = scenarios.FAST.replace("    @task(1)", "    @tag('seldom')\n    @task(1)").replace(
        "task\n", "tag, task\n", 1
    )
    scenarios.write(shop, text)
    with a_server(delay_s=0.02) as url:
        words = ("bench", "locustfile.py", "--host", url, "--duration", "1s", "--json", "--", "--tags", "seldom")
        done = perfkit(*words, at=shop)
    assert done.code == 0, done.err
    endpoints = {metric["scope"].get("endpoint") for metric in json.loads(done.out)["metrics"]}
    assert "Rarely" in endpoints
    assert "Often" not in endpoints


def test_an_expectation_that_does_not_hold_is_exit_1(shop: Path) -> None:
    done = perfkit("bench", "strict.toml", at=shop)
    assert done.code == 1
    assert "Often" in done.out


def test_what_does_not_go_together_is_a_usage_error(shop: Path) -> None:
    for words, said in (
        (("bench", "locustfile.py"), "--host"),
        (("bench", "nofile.py"), "'nofile.py' does not exist"),
        (("bench", "--users", "3"), "--users goes with a Locust file"),
        (("bench", "--rate", "3/s"), "--rate goes with a Locust file"),
        (("bench", "locustfile.py", "--host", "http://127.0.0.1:1", "--profile", "x"), "--profile goes with a suite"),
        (("bench", "locustfile.py", "--host", "http://127.0.0.1:1", "--max-users", "3"), "--max-users: goes with rate"),
        (("bench", "nothing.toml"), "there is no"),
        (("check", "no-such-run"), "there is no run"),
        (("demo", "--port", "8000"), "--serve"),
        (("bench", "--nonsense"), "No such option"),
    ):
        done = perfkit(*words, at=shop)
        assert (done.code, said in done.err) == (2, True), (words, done.err)
        assert "Traceback" not in done.err
