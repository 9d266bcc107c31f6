"""Validity: what makes a run's figures worthless, each by itself."""

from __future__ import annotations

from typing import Any

import pytest

from perfkit.judge.validity import CHECKS, validity
from perfkit.model import Check, Run
from tests.builders import START, a_phase, a_request, a_run, a_sample

READINGS = [a_sample("rss_bytes", 1.0, at=at) for at in range(8)]


def a_good_run(**facts: Any) -> Run:
    plain: dict[str, Any] = {
        "requests": [a_request(at=at) for at in range(20)],
        "samples": [a_sample("restarts_count", 0.0, at=at) for at in range(20)],
        "phases": [a_phase(generator_cpu_ratio=0.4)],
    }
    return a_run(**(plain | facts))


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
        ({"phases": [a_phase(unfinished=2)]}, "requests cut off", "2 in phase single"),
        ({"samples": [a_sample("restarts_count", 1.0, at=5)]}, "target restarts", "1"),
        ({"samples": [a_sample("missed_ticks_count", 2.0, source="perfkit"), *READINGS]}, "readings missed", "2 of 10"),
        ({"requests": [a_request(intended_at=START - 0.2, started_at=START)]}, "lateness", "99% within 200 ms"),
    ],
)
def test_each_check_fails_by_itself(facts: dict[str, Any], name: str, observed: str) -> None:
    found = failed(a_good_run(**facts))
    assert {name: observed} == {key: check.observed for key, check in found.items()}


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
        {"requests": [*[a_request() for _ in range(200)], a_request(intended_at=START - 9)]},
    ],
)
def test_what_was_not_observed_or_is_within_the_limit_fails_nothing(facts: dict[str, Any]) -> None:
    assert failed(a_good_run(**facts)) == {}


def test_one_empty_phase_among_full_ones_is_enough() -> None:
    run = a_good_run(phases=[a_phase(), a_phase("concurrent", 60, 120)])
    assert failed(run)["requests measured"].observed == "0 in phase concurrent"
