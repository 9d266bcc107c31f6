"""Verdicts: what a target selects, what was seen, and that missing is never a pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import metrics as families
from perfkit.grammar import parse_expectation
from perfkit.judge.targets import gate, judge, matching
from perfkit.model import Check, Metric, Scope, Validity, Verdict
from tests.builders import a_metric

PHASES = ("single", "concurrent")
VALID = Validity((Check("rows lost", True, "0", "0", ""),))
INVALID = Validity((Check("rows lost", False, "3", "0", ""),))


def verdict_on(
    that: str, metrics: Sequence[Metric], windows: Sequence[Sequence[Metric]] = (), **extras: Any
) -> Verdict:
    expectation = parse_expectation(that, metrics=families.names(), phases=PHASES, **extras)
    (verdict,) = judge([expectation], metrics, lambda _: windows)
    return verdict


def selected(that: str, metrics: Sequence[Metric]) -> list[float]:
    return [
        metric.value for metric in matching(parse_expectation(that, metrics=families.names(), phases=PHASES), metrics)
    ]


MEASURED = [
    a_metric(value=1, phase="single"),
    a_metric(value=2, phase="single", endpoint="A"),
    a_metric(value=3, phase="single", endpoint="B"),
    a_metric(value=4, phase="concurrent"),
    a_metric(value=5, phase="concurrent", endpoint="A"),
    a_metric("memory.growth_bytes", 6),
    a_metric("memory.growth_bytes", 7, phase="single"),
    a_metric("sql.slow_mean_ms", 8, scope=Scope(query="q1")),
    a_metric("sql.slow_mean_ms", 9, scope=Scope(query="q2")),
]


@pytest.mark.parametrize(
    ("that", "values"),
    [
        ("latency.avg{A, concurrent} < 1s", [5]),
        ("latency.avg{A} < 1s", [2, 5]),
        ("latency.avg{single} < 1s", [1]),
        ("latency.avg < 1s", [1, 4]),
        ("latency.avg{*, single} < 1s", [2, 3]),
        ("latency.avg{*} < 1s", [2, 3, 5]),
        ("memory.growth < 1MB", [6]),
        ("memory.growth{single} < 1MB", [7]),
        ("memory.growth{phase=*} < 1MB", [7]),
        ("sql.slow_mean < 1s", [8, 9]),
        ("latency.avg{Nobody} < 1s", []),
        ("latency.p95 < 1s", []),
    ],
)
def test_a_key_that_is_not_named_means_the_total_or_else_every_value(that: str, values: list[float]) -> None:
    assert values == selected(that, MEASURED)


def test_a_target_that_holds_passes_and_says_what_was_seen() -> None:
    verdict = verdict_on("latency.avg{Dashboard Metrics, concurrent} < 200ms", [DASHBOARD])
    assert (verdict.outcome, verdict.observed) == ("pass", DASHBOARD)


DASHBOARD = a_metric(value=112.0, endpoint="Dashboard Metrics", phase="concurrent")


def test_a_missed_target_says_rule_observed_and_wanted_in_human_units() -> None:
    slow = a_metric(value=412.0, endpoint="Dashboard Metrics", phase="concurrent")
    verdict = verdict_on("latency.avg{Dashboard Metrics, concurrent} < 200ms", [slow])
    message = "latency.avg of Dashboard Metrics, concurrent: 412 ms, wanted < 200 ms"
    assert ("fail", message) == (verdict.outcome, verdict.message)


def test_a_metric_of_the_whole_run_has_no_scope_to_tell() -> None:
    verdict = verdict_on("memory.growth < 2MB", [a_metric("memory.growth_bytes", 19.83e6)])
    assert verdict.message == "memory.growth: 19.8 MB, wanted < 2 MB"


@pytest.mark.parametrize(
    ("op", "limit", "outcome"),
    [
        ("<", 100, "fail"),
        ("<=", 100, "pass"),
        (">", 100, "fail"),
        (">=", 100, "pass"),
        ("==", 100, "pass"),
        ("!=", 100, "fail"),
        ("<", 101, "pass"),
        (">", 99, "pass"),
        ("==", 99, "fail"),
        ("!=", 99, "pass"),
    ],
)
def test_each_operator_is_what_it_says(op: str, limit: int, outcome: str) -> None:
    assert outcome == verdict_on(f"requests.count {op} {limit}", [a_metric("requests.count", 100.0)]).outcome


@pytest.mark.parametrize(
    ("that", "worst"),
    [
        ("latency.avg{*} < 250ms", 300.0),
        ("latency.avg{*} > 150ms", 100.0),
        ("latency.avg{*} == 220ms", 100.0),
        ("latency.avg{*} != 201ms", 200.0),
    ],
)
def test_all_must_hold_and_the_worst_is_told(that: str, worst: float) -> None:
    three = [a_metric(value=value, endpoint=name) for name, value in [("A", 200.0), ("B", 300.0), ("C", 100.0)]]
    verdict = verdict_on(that, three)
    assert verdict.observed is not None
    assert verdict.observed.value == worst


def test_values_that_look_the_same_are_told_apart() -> None:
    verdict = verdict_on("latency.avg < 200ms", [a_metric(value=200.04)])
    assert verdict.message == "latency.avg: 200 ms (200.04), wanted < 200 ms (200)"


@pytest.mark.parametrize(
    ("that", "said"),
    [
        ("latency.p95{A} < 1s", "latency.p95{endpoint=A}: latency.p95_ms was not measured in this run"),
        ("latency.avg{Dashbord Metrics} < 1s", "did you mean 'Dashboard Metrics'?"),
        ("latency.avg{Quotations} < 1s", "no endpoint 'Quotations' was measured; measured: Dashboard Metrics"),
        ("latency.avg{single} < 1s", "no phase 'single' was measured; measured: concurrent"),
        ("latency.avg{kind=timeout} < 1s", "no kind 'timeout' was measured; measured: only the total"),
    ],
)
def test_a_target_on_what_was_not_measured_says_what_was(that: str, said: str) -> None:
    verdict = verdict_on(that, [DASHBOARD])
    assert (verdict.outcome, verdict.observed) == ("unmeasured", None)
    assert said in verdict.message


def test_parts_that_were_never_measured_together_are_unmeasured() -> None:
    both = [a_metric(endpoint="A", phase="single"), a_metric(endpoint="B", phase="concurrent")]
    verdict = verdict_on("latency.avg{A, concurrent} < 1s", both)
    assert "but not together" in verdict.message


def test_no_number_is_missing() -> None:
    verdict = verdict_on("latency.avg < 1s", [a_metric(value=math.nan)])
    assert (verdict.outcome, verdict.message) == ("unmeasured", "latency.avg: no number was measured")


def test_one_that_is_no_number_spoils_those_that_hold() -> None:
    verdict = verdict_on("latency.avg{*} < 1s", [a_metric(endpoint="A"), a_metric(endpoint="B", value=math.nan)])
    assert verdict.outcome == "unmeasured"


def test_one_that_is_no_number_hides_no_failure() -> None:
    slow = a_metric(endpoint="A", value=5000.0)
    verdict = verdict_on("latency.avg{*} < 1s", [slow, a_metric(endpoint="B", value=math.nan)])
    assert ("fail", slow) == (verdict.outcome, verdict.observed)


def test_a_target_for_a_time_must_hold_in_every_window() -> None:
    windows = [[a_metric(value=value, phase="single")] for value in (100.0, 412.0, 90.0)]
    verdict = verdict_on("latency.avg{single} < 200ms for 10s", [a_metric(phase="single")], windows)
    message = "latency.avg of single: 412 ms in the worst of 3 windows of 10 s, wanted < 200 ms"
    assert ("fail", message) == (verdict.outcome, verdict.message)


def test_a_window_without_the_metric_is_passed_over() -> None:
    windows = [[a_metric(phase="single")], [a_metric("requests.count", 0.0, phase="single")]]
    assert verdict_on("latency.avg{single} < 200ms for 10s", [a_metric(phase="single")], windows).outcome == "pass"


def test_without_a_whole_window_a_target_for_a_time_is_unmeasured() -> None:
    verdict = verdict_on("latency.avg{single} < 200ms for 10s", [a_metric(phase="single")])
    message = "latency.avg of single: not measured in any whole window of 10 s"
    assert ("unmeasured", message) == (verdict.outcome, verdict.message)


def test_an_endpoint_that_no_window_has_is_unmeasured() -> None:
    both = [a_metric(endpoint="A"), a_metric(endpoint="B")]
    assert verdict_on("latency.avg{*} < 200ms for 10s", both, [[a_metric(endpoint="A")]]).outcome == "unmeasured"


def test_windows_of_one_length_are_asked_for_once() -> None:
    asked: list[float] = []

    def windows(window_s: float) -> list[list[Metric]]:
        asked.append(window_s)
        return [[a_metric()]]

    thats = ["latency.avg < 1s for 10s", "latency.avg < 2s for 10s", "latency.avg < 1s for 5s"]
    expectations = [parse_expectation(that, metrics=families.names(), phases=()) for that in thats]
    judge(expectations, [a_metric()], windows)
    assert asked == [10.0, 5.0]


def test_an_advisory_target_never_fails() -> None:
    verdict = verdict_on("latency.avg < 1ms advisory", [a_metric()])
    assert (verdict.outcome, gate([verdict], VALID)) == ("advisory", 0)


def test_an_advisory_target_may_pass() -> None:
    assert verdict_on("latency.avg < 1s advisory", [a_metric()]).outcome == "pass"


@pytest.mark.parametrize(
    ("that", "code"),
    [
        ("latency.avg < 1s", 0),
        ("latency.avg < 1ms", 1),
        ("latency.p95 < 1s", 1),
        ("latency.p95 < 1s optional", 0),
        ("latency.p95 < 1s advisory", 0),
        ("latency.avg < 1ms optional", 1),
    ],
)
def test_the_gate_opens_only_for_what_was_measured_and_holds(that: str, code: int) -> None:
    assert code == gate([verdict_on(that, [a_metric()])], VALID)


def test_a_measurement_that_is_not_valid_gives_no_number_to_a_gate() -> None:
    assert gate([verdict_on("latency.avg < 1ms", [a_metric()])], INVALID) == 6


def test_one_missed_target_is_enough() -> None:
    verdicts = [verdict_on(f"latency.avg < {limit}", [a_metric()]) for limit in ("1s", "1ms", "2s")]
    assert gate(verdicts, VALID) == 1


def test_without_targets_nothing_is_missed() -> None:
    assert gate([], VALID) == 0


@given(values=st.lists(st.floats(0, 1000), min_size=1, max_size=20), limit=st.integers(0, 1000))
def test_a_target_passes_exactly_when_every_selected_value_holds(values: list[float], limit: int) -> None:
    measured = [a_metric(value=value, endpoint=str(number)) for number, value in enumerate(values)]
    outcome = verdict_on(f"latency.avg{{*}} < {limit}ms", measured).outcome
    assert ("pass" if all(value < limit for value in values) else "fail") == outcome
