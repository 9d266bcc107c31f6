"""What was offered, dropped and late, in phases that have a rate."""

from __future__ import annotations

from perfkit import metrics
from perfkit.model import Metric, Run
from tests.builders import START, a_phase, a_request, a_run

NAMES = {"throughput.offered_per_s", "arrivals.dropped_count", "lateness.p99_ms"}


def found(run: Run) -> list[Metric]:
    return [metric for metric in metrics.compute(run) if metric.name in NAMES]


def test_the_closed_model_has_none_of_them() -> None:
    assert found(a_run([a_request(at=1)])) == []


def test_arrivals_are_counted_over_the_measured_part() -> None:
    """Those that were dropped too."""
    phase = a_phase(start=0, end=20, arrivals=1000, started=995, dropped=5)
    run = a_run([a_request(at=15)], phases=[phase])
    values = {metric.name: (metric.value, metric.n, metric.better) for metric in found(run)}
    assert values == {
        "throughput.offered_per_s": (50.0, 1000, None),
        "arrivals.dropped_count": (5.0, 1000, "lower"),
    }


def test_lateness_is_of_the_requests_that_were_meant_for_a_time() -> None:
    """The second request of a task began when the first had ended: it cannot be late, and hides no lateness."""
    late = [a_request("A", at=10, intended_at=START + 10 - 0.001 * ms) for ms in range(1, 102)]
    run = a_run([*late, *(a_request("B", at=10) for _ in range(1000))], phases=[a_phase(arrivals=101)])
    values = {metric.scope.endpoint: metric for metric in found(run) if metric.name == "lateness.p99_ms"}
    assert set(values) == {None, "A"}
    assert round(values["A"].value, 3) == 100.0
    assert values["A"].n == 101


def test_a_window_has_no_count_of_a_whole_phase() -> None:
    """Lateness it has."""
    run = a_run([a_request(at=3, intended_at=START + 2)], phases=[a_phase(arrivals=100)])
    names = {metric.name for metric in metrics.windows(run, 10.0)[0]}
    assert names & NAMES == {"lateness.p99_ms"}
