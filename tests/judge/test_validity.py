"""Validity: what makes a run's figures worthless, each by itself."""

from __future__ import annotations

from typing import Any

import pytest

from perfkit.judge.validity import CHECKS, validity
from perfkit.model import Check, PhaseMark, Run, WorkerMark
from tests.builders import START, a_phase, a_request, a_run, a_sample

READINGS = [a_sample("rss_bytes", 1.0, at=at) for at in range(8)]


def a_good_run(**facts: Any) -> Run:
    plain: dict[str, Any] = {
        "requests": [a_request(at=at) for at in range(20)],
        "samples": [a_sample("restarts_count", 0.0, at=at) for at in range(20)],
        "phases": [a_phase(generator_cpu_ratio=0.4)],
    }
    return a_run(**(plain | facts))


def an_open_phase(**facts: Any) -> PhaseMark:
    """1,000 arrivals that all went well."""
    plain: dict[str, Any] = {"arrivals": 1000, "started": 1000, "busiest_users": 10, "max_users": 100}
    return a_phase(**(plain | facts))


def failed(run: Run) -> dict[str, Check]:
    return {check.name: check for check in validity(run).failed}


def test_a_good_run_is_valid_and_tells_every_check() -> None:
    found = validity(a_good_run())
    assert (found.is_valid, len(found.checks)) == (True, len(CHECKS))


@pytest.mark.parametrize(
    ("facts", "name", "observed"),
    [
        ({"requests": []}, "requests measured", "0 in phase single"),
        ({"phases": []}, "requests measured", "no phase was measured"),
        ({"requests": [a_request(is_warmup=True)]}, "requests measured", "0 in phase single"),
        (
            {"phases": [a_phase(generator_cpu_ratio=0.9)]},
            "generator CPU",
            "90.0% of one core in phase single",
        ),
        ({"phases": [a_phase(listener_exceptions=2)]}, "recorder exceptions", "2 in phase single"),
        ({"phases": [a_phase(rows_lost=1000)]}, "rows lost", "1,000 in phase single"),
        ({"phases": [a_phase(users=199, users_lost=2)]}, "users lost", "2 in phase single"),
        ({"phases": [a_phase(users=None, users_lost=1)]}, "users lost", "1 in phase single"),
        ({"phases": [a_phase(unfinished=2)]}, "requests cut off", "2 in phase single"),
        ({"samples": [a_sample("restarts_count", 1.0, at=5)]}, "target restarts", "1"),
        ({"samples": [a_sample("missed_ticks_count", 2.0, source="perfkit"), *READINGS]}, "readings missed", "2 of 10"),
        ({"requests": [a_request(intended_at=START - 0.2, started_at=START)]}, "lateness", "99% within 200 ms"),
        ({"phases": [a_phase(loop_lag_p99_ms=101.0)]}, "event-loop lag", "99% within 101 ms in phase single"),
        ({"phases": [an_open_phase(started=980)]}, "achieved rate", "98.0% in phase single"),
        ({"phases": [an_open_phase(dropped=3)]}, "arrivals dropped", "3 in phase single"),
        ({"phases": [an_open_phase(busiest_users=90)]}, "users busy at once", "90 of 100 in phase single"),
        (
            {"phases": [a_phase(workers=(WorkerMark("node7 pid 9", lost_at_s=7.2), WorkerMark("node8 pid 9")))]},
            "workers",
            "lost 1 of 2 in phase single: node7 pid 9 at second 7",
        ),
        (
            {"phases": [a_phase(workers=(WorkerMark("node7 pid 9", is_fetched=False),))]},
            "workers",
            "no rows of node7 pid 9",
        ),
        (
            {"phases": [a_phase(workers=(WorkerMark("a", generator_cpu_ratio=0.2), WorkerMark("b", 9, 0.95)))]},
            "generator CPU",
            "95.0% of one core in phase single, worker b",
        ),
    ],
)
def test_each_check_fails_by_itself(facts: dict[str, Any], name: str, observed: str) -> None:
    found = failed(a_good_run(**facts))
    assert {name: observed} == {key: check.observed for key, check in found.items()}


def test_checks_of_a_rate_say_that_there_is_none() -> None:
    """They hold in the closed model, and show no figure that was not measured."""
    told = {check.name: check.observed for check in validity(a_good_run()).checks}
    rated = ("lateness", "achieved rate", "arrivals dropped", "users busy at once")
    assert {told[name] for name in rated} == {"no phase has a rate"}


@pytest.mark.parametrize(
    ("cpu", "workers", "remedy"),
    [(0.95, (), "--workers 2"), (0.98, (0.98, 0.97), "--workers 3"), (0.99, (0.99,) * 4, "--workers 6")],
)
def test_a_busy_generator_is_told_how_many_workers_to_add(cpu: float, workers: tuple[float, ...], remedy: str) -> None:
    """So many that each has CPU to spare."""
    marks = tuple(WorkerMark(f"pid {number}", generator_cpu_ratio=one) for number, one in enumerate(workers))
    check = failed(a_good_run(phases=[a_phase(generator_cpu_ratio=cpu, workers=marks)]))["generator CPU"]
    assert remedy in check.remedy


def test_a_failed_check_says_what_to_do() -> None:
    assert all(check.remedy for check in validity(a_good_run()).checks)


@pytest.mark.parametrize(
    "facts",
    [
        {"samples": []},
        {"phases": [a_phase(generator_cpu_ratio=None)]},
        {"phases": [a_phase(unfinished=1)]},
        {"phases": [a_phase(), a_phase("warm", is_warmup_only=True)]},
        {"samples": [a_sample("restarts_count", 1.0, source="system")]},
        {"requests": [*[a_request(intended_at=START - 0.001) for _ in range(200)], a_request(intended_at=START - 9)]},
        {"phases": [a_phase(loop_lag_p99_ms=99.0)]},
        {"phases": [an_open_phase(started=990, busiest_users=89, dropped_warmup=10)]},
        {"phases": [an_open_phase(), an_open_phase(name="warm", is_warmup_only=True, started=0, busiest_users=100)]},
    ],
)
def test_what_was_not_observed_or_is_within_the_limit_fails_nothing(facts: dict[str, Any]) -> None:
    assert failed(a_good_run(**facts)) == {}


def test_one_empty_phase_among_full_ones_is_enough() -> None:
    run = a_good_run(phases=[a_phase(), a_phase("concurrent", 60, 120)])
    assert failed(run)["requests measured"].observed == "0 in phase concurrent"
