"""Metrics of requests: latency, throughput, errors, payload and cache, of runs small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics
from perfkit.model import Run
from tests.builders import START, a_phase, a_request, a_run
from tests.metrics.figures import the, values


def of_endpoint(run: Run, endpoint: str | None = "Dashboard Metrics", phase: str = "single") -> dict[str, float]:
    return values(metrics.compute(run), endpoint=endpoint, phase=phase)


def test_latency_is_worked_out_from_the_raw_rows() -> None:
    """Five requests of 10, 20, 30, 40 and 100 ms; percentiles are interpolated linearly."""
    run = a_run([a_request(at=at, ms=ms) for at, ms in enumerate([30, 10, 100, 20, 40])])
    expected = {"avg": 40, "min": 10, "p50": 30, "p75": 40, "p90": 76, "p95": 88, "p99": 97.6, "max": 100}
    found = of_endpoint(run)
    assert expected == pytest.approx({key: found[f"latency.{key}_ms"] for key in expected})


def test_response_time_runs_from_the_intended_start_and_service_time_from_the_actual_one() -> None:
    late = a_request(ms=100, intended_at=START - 0.25, started_at=START, ttfb_s=0.06)
    found = of_endpoint(a_run([late]))
    expected = {"latency.avg_ms": 350, "service.avg_ms": 100, "ttfb.avg_ms": 60}
    assert expected == pytest.approx({name: found[name] for name in expected})


def test_a_failure_is_in_no_latency() -> None:
    """A fast 500 is no fast answer."""
    run = a_run([a_request(ms=100), a_request(ms=1, status=500, error="http_5xx")])
    assert the(metrics.compute(run), "latency.avg_ms", endpoint="Dashboard Metrics", phase="single").value == 100


def test_a_timeout_counts_as_that_slow() -> None:
    """To its first byte as well, which never came."""
    run = a_run([a_request(ms=100, ttfb_s=0.1), a_request(ms=5000, ttfb_s=None, status=None, error="timeout")])
    found = of_endpoint(run)
    assert (found["latency.avg_ms"], found["ttfb.avg_ms"]) == (2550, 2550)


def test_an_endpoint_that_only_fails_has_no_latency() -> None:
    found = of_endpoint(a_run([a_request(error="connect", status=None, ttfb_s=None)]))
    assert not [name for name in found if name.startswith(("latency", "service", "ttfb"))]


def test_warm_up_is_in_no_figure() -> None:
    run = a_run([a_request(ms=100), a_request(ms=900, is_warmup=True), a_request("Warm only", is_warmup=True)])
    found = metrics.compute(run)
    assert the(found, "requests.count", phase="single").value == 1
    assert "Warm only" not in {metric.scope.endpoint for metric in found}


def test_a_phase_of_warm_up_only_has_no_figure() -> None:
    run = a_run([a_request()], phases=[a_phase(is_warmup_only=True)])
    assert metrics.compute(run) == []


def test_rows_of_a_phase_without_a_mark_are_in_no_figure() -> None:
    run = a_run([a_request(), a_request(phase="elsewhere")])
    assert {metric.scope.phase for metric in metrics.compute(run)} == {"single"}


def test_the_total_is_over_the_rows_of_all_endpoints() -> None:
    run = a_run([a_request("A", ms=10), a_request("A", ms=20), a_request("B", ms=90)])
    found = of_endpoint(run, endpoint=None)
    assert (found["latency.avg_ms"], found["requests.count"]) == (40, 3)


def test_throughput_is_of_successful_requests_over_the_measured_seconds() -> None:
    """60 seconds of which 20 are warm-up: 2 successes in 40 s."""
    phase = a_phase(measured_at=START + 20)
    run = a_run([a_request(at=30), a_request(at=31), a_request(at=32, error="timeout")], phases=[phase])
    found = of_endpoint(run)
    assert (found["throughput.requests_per_s"], found["requests.count"]) == (0.05, 3)


def test_throughput_is_better_higher_and_a_count_neither() -> None:
    found = metrics.compute(a_run([a_request()]))
    better = {metric.name: metric.better for metric in found}
    assert (better["throughput.requests_per_s"], better["requests.count"], better["latency.p95_ms"]) == (
        "higher",
        None,
        "lower",
    )


def test_a_phase_without_requests_has_no_error_ratio() -> None:
    """Nothing failed where nothing was tried; that must not pass a target."""
    assert of_endpoint(a_run(), endpoint=None) == {"requests.count": 0, "throughput.requests_per_s": 0}


def test_errors_are_counted_in_all_and_by_kind() -> None:
    kinds = ["timeout", "http_5xx", "http_5xx", None]
    found = metrics.compute(a_run([a_request(error=kind) for kind in kinds]))
    scope = {"endpoint": "Dashboard Metrics", "phase": "single"}
    assert (the(found, "errors.count", **scope).value, the(found, "errors.ratio", **scope).value) == (3, 0.75)
    by_kind = {m.scope.kind: m.value for m in found if m.name == "errors.count" and m.scope.endpoint and m.scope.kind}
    assert by_kind == {"timeout": 1, "http_5xx": 2}


def test_payload_is_the_mean_of_successful_replies() -> None:
    run = a_run(
        [
            a_request(wire_bytes=100, decoded_bytes=1000),
            a_request(wire_bytes=300, decoded_bytes=3000),
            a_request(wire_bytes=9, decoded_bytes=9, error="http_5xx"),
            a_request(wire_bytes=None, decoded_bytes=None),
        ]
    )
    found = of_endpoint(run)
    expected = {"payload.wire_bytes": 200, "payload.decoded_bytes": 2000, "payload.compression_ratio": 10}
    assert expected == {name: value for name, value in found.items() if name.startswith("payload")}


def test_empty_replies_have_no_compression_ratio() -> None:
    found = of_endpoint(a_run([a_request(wire_bytes=0, decoded_bytes=0)]))
    assert "payload.compression_ratio" not in found


def test_stale_and_revalidated_replies_came_from_the_cache_too() -> None:
    states = ["hit", "stale", "revalidated", "miss", "bypass", None, None, None]
    found = of_endpoint(a_run([a_request(cache=state) for state in states]))
    assert (found["cache.hit_ratio"], found["cache.unknown_ratio"]) == pytest.approx((0.6, 0.375))


def test_an_endpoint_that_tells_no_cache_status_has_no_hit_ratio() -> None:
    found = of_endpoint(a_run([a_request(), a_request(cache="hit", error="http_5xx")]))
    assert not [name for name in found if name.startswith("cache")]


def test_the_number_of_observations_is_told() -> None:
    run = a_run([a_request(), a_request(error="timeout"), a_request(error="connect")])
    found = metrics.compute(run)
    scope = {"endpoint": "Dashboard Metrics", "phase": "single"}
    names = ("latency.avg_ms", "errors.ratio", "payload.wire_bytes")
    assert [the(found, name, **scope).n for name in names] == [2, 3, 1]


def test_an_endpoint_of_the_warm_up_alone_has_no_figures() -> None:
    found = metrics.compute(a_run([a_request("A"), a_request("B", is_warmup=True)]))
    assert {metric.scope.endpoint for metric in found} == {None, "A"}


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "C"]),
            st.sampled_from(["single", "concurrent"]),
            st.floats(0.1, 1e4),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_each_endpoint_gets_its_own_rows_whatever_their_order(rows: list[tuple[str, str, float, bool]]) -> None:
    """Against the plainest way to say it: choose the rows, then average."""
    run = a_run(
        [a_request(endpoint, ms=ms, phase=phase, is_warmup=warm) for endpoint, phase, ms, warm in rows],
        phases=[a_phase("single"), a_phase("concurrent", 60, 120)],
    )
    found = {m.scope: m.value for m in metrics.compute(run) if m.name == "latency.avg_ms"}
    for scope, value in found.items():
        own = [
            ms
            for endpoint, phase, ms, warm in rows
            if not warm and phase == scope.phase and scope.endpoint in (None, endpoint)
        ]
        assert value == pytest.approx(np.mean(own))
    assert len([scope for scope in found if scope.endpoint]) == len({row[:2] for row in rows if not row[3]})
