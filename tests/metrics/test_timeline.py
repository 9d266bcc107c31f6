"""The timeline: a run over time for charts, warm-up and idle time included."""

from __future__ import annotations

from perfkit.metrics.timeline import timeline
from perfkit.model import Timeline
from tests.builders import a_phase, a_request, a_run, a_sample


def test_each_bucket_has_its_rate_percentiles_and_errors() -> None:
    """Four seconds, four buckets; the middle of the first is at 0.5 s."""
    requests = [
        a_request(at=0.1, ms=10, is_warmup=True),
        a_request(at=0.2, ms=30, is_warmup=True),
        a_request(at=2.5, ms=1, error="http_5xx"),
    ]
    line = timeline(a_run(requests, phases=[a_phase("single", 0, 4)]))
    assert line == Timeline(
        at_s=(0.5, 1.5, 2.5, 3.5),
        requests_per_s=(2.0, 0.0, 1.0, 0.0),
        p50_ms=(20.0, None, None, None),
        p95_ms=(29.0, None, None, None),
        errors_per_s=(0.0, 0.0, 1.0, 0.0),
        phases=(("single", 0.0, 4.0),),
    )


def test_a_long_run_has_no_more_points_than_asked_for() -> None:
    requests = [a_request(at=at) for at in range(0, 1000, 10)]
    samples = [a_sample("rss_bytes", float(at % 7), at=at) for at in range(1000)]
    line = timeline(a_run(requests, samples, phases=[a_phase("single", 0, 1000)]), points=50)
    assert (len(line.at_s), len(line.memory_bytes) <= 50) == (50, True)


def test_no_peak_is_lost_among_fewer_readings() -> None:
    samples = [a_sample("cpu_ratio", 9.0 if at == 777 else 1.0, at=at) for at in range(1000)]
    line = timeline(a_run(samples=samples, phases=[a_phase("single", 0, 1000)]), points=20)
    assert (777.0, 9.0) in line.cpu_ratio


def test_memory_is_read_between_the_phases_too() -> None:
    samples = [a_sample("anon_bytes", value, at=at) for at, value in [(1, 5.0), (15, 7.0), (25, 6.0)]]
    phases = [a_phase("single", 0, 10), a_phase("concurrent", 20, 30)]
    line = timeline(a_run(samples=samples, phases=phases))
    assert line.memory_bytes == ((1.0, 5.0), (15.0, 7.0), (25.0, 6.0))


def test_requests_of_all_rates_add_up() -> None:
    requests = [a_request(at=at / 10) for at in range(97)]
    line = timeline(a_run(requests, phases=[a_phase("single", 0, 9.7)]))
    width = 9.7 / len(line.at_s)
    assert round(sum(line.requests_per_s) * width, 6) == 97


def test_nothing_measured_is_an_empty_timeline() -> None:
    assert timeline(a_run(phases=[])) == Timeline()
