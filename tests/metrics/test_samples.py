"""Metrics of samples and of slow SQL: memory, heap, CPU, the machine, statements."""

from __future__ import annotations

from typing import Any

import pytest

from perfkit import metrics
from perfkit.model import CapturedQuery, Metric, Run, Sample
from tests.builders import a_phase, a_run, a_sample
from tests.metrics.figures import the, values

MB = 1e6
TWO_PHASES = (a_phase("single", 10, 20), a_phase("concurrent", 30, 60))


def floors(*readings: tuple[float, float]) -> list[Sample]:
    return [a_sample("floor_bytes", megabytes * MB, at=at) for at, megabytes in readings]


def sampled(samples: list[Sample], phases: Any = TWO_PHASES) -> list[Metric]:
    return without_requests(metrics.compute(a_run(samples=samples, phases=phases)))


def without_requests(found: list[Metric]) -> list[Metric]:
    return [metric for metric in found if not metric.name.startswith(("requests", "throughput"))]


def grown(samples: list[Sample]) -> dict[str | None, float]:
    """Phase → growth in MB."""
    return {m.scope.phase: m.value / MB for m in sampled(samples) if m.name == "memory.growth_bytes"}


def test_memory_growth_is_the_last_idle_reading_less_the_first() -> None:
    """One reading between the phases is the end of one and the start of the other."""
    assert grown(floors((5, 100), (25, 101), (65, 121))) == {"single": 1, "concurrent": 20, None: 21}


def test_idle_readings_on_the_very_marks_of_a_phase_are_its_own() -> None:
    assert grown(floors((10, 100), (20, 103), (30, 104), (60, 110))) == {"single": 3, "concurrent": 6, None: 10}


def test_start_and_end_are_idle_memory() -> None:
    found = values(sampled(floors((5, 100), (25, 101), (65, 121))))
    assert (found["memory.start_bytes"], found["memory.end_bytes"]) == (100 * MB, 121 * MB)


def test_without_an_idle_reading_after_the_load_there_is_no_growth() -> None:
    """An interrupted run must not pass a target on growth."""
    assert grown(floors((5, 100))) == {}


def test_a_phase_without_a_reading_of_its_own_borrows_none_of_another_phase() -> None:
    assert grown(floors((5, 100), (65, 121))) == {None: 21}


def test_the_memory_of_a_warm_up_phase_before_is_no_growth() -> None:
    phases = (a_phase("warm", 0, 20, is_warmup_only=True), a_phase("concurrent", 30, 60))
    found = sampled(floors((-1, 50), (25, 100), (65, 121)), phases)
    assert the(found, "memory.growth_bytes").value == 21 * MB


def test_peak_memory_is_of_the_measured_time() -> None:
    readings = [(5, 900), (15, 200), (25, 950), (45, 300), (65, 990)]
    found = sampled([a_sample("anon_bytes", megabytes * MB, at=at) for at, megabytes in readings])
    peaks = {m.scope.phase: m.value / MB for m in found if m.name == "memory.peak_bytes"}
    assert peaks == {"single": 200, "concurrent": 300, None: 300}


def test_where_anonymous_memory_is_not_told_the_resident_set_stands_in() -> None:
    samples = [a_sample("anon_bytes", 0.0, at=15), a_sample("rss_bytes", 7 * MB, at=15)]
    assert the(sampled(samples), "memory.peak_bytes").value == 7 * MB


def test_heap_utilisation_is_the_largest_share_of_the_limit_of_its_time() -> None:
    """60 of 100 MB, then 90 of a limit that had grown to 200 MB: 60 %, not 90 %."""
    readings = [(15, 60, 100), (45, 90, 200)]
    samples = [
        sample
        for at, used, limit in readings
        for sample in (a_sample("heap_limit_bytes", limit, at=at - 0.1), a_sample("heap_used_bytes", used, at=at))
    ]
    found = values(sampled(samples))
    assert (found["heap.utilisation_ratio"], found["heap.used_bytes"], found["heap.limit_bytes"]) == (0.6, 90, 200)


def test_a_heap_without_a_limit_has_no_utilisation() -> None:
    found = values(sampled([a_sample("heap_used_bytes", 60, at=15)]))
    assert found == {"heap.used_bytes": 60}


def test_cpu_is_of_each_phase() -> None:
    samples = [a_sample("cpu_ratio", value, at=at) for at, value in [(5, 9), (12, 0.5), (14, 1.5), (45, 2.0)]]
    found = {(m.name, m.scope.phase): m.value for m in sampled(samples)}
    assert found == {
        ("cpu.avg_ratio", "single"): 1.0,
        ("cpu.max_ratio", "single"): 1.5,
        ("cpu.avg_ratio", "concurrent"): 2.0,
        ("cpu.max_ratio", "concurrent"): 2.0,
    }


def test_the_machines_load_is_the_highest_of_the_measured_time() -> None:
    samples = [a_sample("load1", value, at=at, source="system") for at, value in [(5, 9), (15, 2), (45, 5.5)]]
    found = {m.scope.phase: m.value for m in sampled(samples)}
    assert found == {"single": 2, "concurrent": 5.5, None: 5.5}


def test_cpu_of_the_machine_is_not_the_targets() -> None:
    names = {metric.name for metric in sampled([a_sample("cpu_ratio", 0.9, at=15, source="system")])}
    assert names == {"system.cpu_ratio"}


def a_query(fingerprint: str = "abc", **facts: Any) -> CapturedQuery:
    plain = {"statement": "SELECT 1", "calls": 10, "total_ms": 1000.0, "mean_ms": 100.0, "max_ms": 300.0}
    return CapturedQuery(fingerprint=fingerprint, **(plain | facts))


def captured(status: str = "complete", capture: str = "log", **facts: Any) -> Run:
    return a_run(phases=TWO_PHASES, config={"database": {"capture": capture}}, status=status, **facts)


def test_slow_sql_is_counted_and_timed_by_phase() -> None:
    """Each phase has the time of its own executions: under load the same statement takes longer."""
    calls, ms = {"single": 2, "concurrent": 8}, {"single": 20.0, "concurrent": 980.0}
    found = without_requests(metrics.compute(captured(queries=[a_query(phases=calls, phase_ms=ms)])))
    assert values(found, phase="single") == {"sql.slow_count": 2, "sql.slow_time_ms": 20}
    assert values(found, phase="concurrent") == {"sql.slow_count": 8, "sql.slow_time_ms": 980}


def test_where_nobody_told_the_time_of_a_phase_it_is_shared_by_calls() -> None:
    """So it is in older runs."""
    queries = [a_query("a", phases={"single": 2, "concurrent": 8}), a_query("b", mean_ms=50.0, phases={"single": 3})]
    found = without_requests(metrics.compute(captured(queries=queries)))
    assert values(found, phase="single") == {"sql.slow_count": 5, "sql.slow_time_ms": 350}
    assert values(found, phase="concurrent") == {"sql.slow_count": 8, "sql.slow_time_ms": 800}


def test_each_slow_query_has_its_mean() -> None:
    found = metrics.compute(captured(queries=[a_query("a", mean_ms=70.0)]))
    assert the(found, "sql.slow_mean_ms", query="a").value == 70


def test_no_slow_sql_is_a_fact_where_somebody_looked() -> None:
    assert the(metrics.compute(captured()), "sql.slow_count", phase="single").value == 0


@pytest.mark.parametrize("facts", [{"capture": "off"}, {"status": "interrupted"}, {"status": "discarded"}])
def test_no_slow_sql_is_unknown_where_nobody_looked_to_the_end(facts: dict[str, str]) -> None:
    assert [metric for metric in metrics.compute(captured(**facts)) if metric.name.startswith("sql")] == []


def test_samples_in_any_order_give_the_same_figures() -> None:
    samples = floors((65, 121), (5, 100), (25, 101))
    assert the(sampled(samples), "memory.growth_bytes").value == 21 * MB
