"""Windows and blocks: each measured phase cut from its measured start into whole, equal stretches."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics
from perfkit.model import Metric
from tests.builders import START, a_phase, a_request, a_run, a_sample
from tests.metrics.figures import the


def of_total(windows: list[list[Metric]], name: str, phase: str = "single") -> list[float]:
    return [
        m.value
        for window in windows
        for m in window
        if (m.name, m.scope.endpoint, m.scope.phase) == (name, None, phase)
    ]


def test_a_phase_is_cut_from_its_measured_start_into_whole_windows() -> None:
    """35 measured seconds are three windows of ten; the rest is in none."""
    run = a_run(
        [a_request(at=at) for at in (5, 9.9, 15, 24, 31, 39)], phases=[a_phase(end=40.0, measured_at=START + 5)]
    )
    assert of_total(metrics.windows(run, 10), "requests.count") == [2, 2, 1]


def test_a_request_is_in_the_window_in_which_it_was_meant_to_start() -> None:
    """So a window in which the server stood still shows its slow requests, wherever they ended."""
    run = a_run([a_request(at=1, ms=15_000), a_request(at=11, ms=100)], phases=[a_phase(end=20)])
    assert of_total(metrics.windows(run, 10), "latency.max_ms") == [15_000, 100]


def test_a_window_without_requests_has_a_throughput_of_none_a_second() -> None:
    """Missing would pass a target on throughput."""
    run = a_run([a_request(at=1)], phases=[a_phase(end=20)])
    assert of_total(metrics.windows(run, 10), "throughput.requests_per_s") == [0.1, 0.0]


def test_an_endpoint_of_the_phase_is_counted_in_every_window() -> None:
    run = a_run([a_request("A", at=1), a_request("B", at=11)], phases=[a_phase(end=20)])
    counts = [the(window, "requests.count", endpoint="A", phase="single").value for window in metrics.windows(run, 10)]
    assert counts == [1, 0]


def test_each_phase_has_windows_of_its_own() -> None:
    phases = [a_phase("single", 0, 20), a_phase("concurrent", 20, 30)]
    run = a_run([a_request(at=1), a_request(at=25, phase="concurrent")], phases=phases)
    windows = metrics.windows(run, 10)
    assert [{m.scope.phase for m in window} for window in windows] == [{"single"}, {"single"}, {"concurrent"}]


def test_readings_are_cut_too() -> None:
    samples = [a_sample("cpu_ratio", 0.5, at=5), a_sample("cpu_ratio", 2.0, at=15)]
    run = a_run(samples=samples, phases=[a_phase(end=20)])
    assert of_total(metrics.windows(run, 10), "cpu.max_ratio") == [0.5, 2.0]


def test_memory_growth_is_of_no_window() -> None:
    samples = [a_sample("floor_bytes", 1e6, at=0), a_sample("floor_bytes", 9e6, at=10)]
    run = a_run(samples=samples, phases=[a_phase(end=10)])
    assert not [m for m in metrics.windows(run, 5)[0] if m.name == "memory.growth_bytes"]


def test_a_phase_shorter_than_a_window_has_none() -> None:
    assert metrics.windows(a_run([a_request()], phases=[a_phase(end=9)]), 10) == []


def test_a_phase_of_just_the_windows_length_has_one() -> None:
    """Unix seconds cannot hold tenths exactly."""
    phase = a_phase(start=0.3, end=0.4)
    assert len(metrics.windows(a_run([a_request(at=0.35)], phases=[phase]), 0.1)) == 1


@pytest.mark.parametrize("length", [0, -1, float("nan")])
def test_a_window_of_no_length_is_refused(length: float) -> None:
    with pytest.raises(ValueError, match="window"):
        metrics.windows(a_run(), length)


def test_blocks_are_shorter_in_a_short_phase() -> None:
    """12 blocks at least: 60 s are blocks of 5 s, 600 s are blocks of 15 s."""
    phases = [a_phase("single", 0, 60), a_phase("concurrent", 60, 660)]
    run = a_run([a_request(at=1), a_request(at=70, phase="concurrent")], phases=phases)
    blocks = metrics.blocks(run, longest_s=15, at_least=12)
    assert [len(of_total(blocks, "requests.count", phase)) for phase in ("single", "concurrent")] == [12, 40]


def test_blocks_are_longer_in_a_phase_of_hours() -> None:
    """480 blocks at most: four hours are blocks of 30 s."""
    run = a_run([a_request(at=at) for at in (29, 31, 32)], phases=[a_phase(end=4 * 3600)])
    counts = of_total(metrics.blocks(run), "requests.count")
    assert (len(counts), counts[:3]) == (480, [1, 2, 0])


def test_windows_hold_only_what_is_asked_for() -> None:
    windows = metrics.windows(a_run([a_request(at=1)], phases=[a_phase(end=20)]), 10, {"requests.count"})
    assert {metric.name for window in windows for metric in window} == {"requests.count"}


@settings(max_examples=50, deadline=None)
@given(starts=st.lists(st.floats(0, 59.99), max_size=80), length=st.sampled_from([0.5, 7.0, 10.0, 60.0]))
def test_every_request_of_a_whole_window_is_in_exactly_one(starts: list[float], length: float) -> None:
    run = a_run([a_request("AB"[round(at) % 2], at=at) for at in starts])
    windows = metrics.windows(run, length)
    expected = sum(at < len(windows) * length - 1e-3 for at in starts)
    slack = sum(abs(at - len(windows) * length) <= 1e-3 for at in starts)
    assert expected <= sum(of_total(windows, "requests.count")) <= expected + slack
    by_endpoint = [m.value for window in windows for m in window if m.name == "requests.count" and m.scope.endpoint]
    assert sum(by_endpoint) == sum(of_total(windows, "requests.count"))
