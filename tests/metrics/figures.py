"""How the tests of metrics read a list of them, and a run in which everything occurs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from perfkit.model import (
    CapturedQuery,
    Metric,
    PhaseMark,
    Round,
    Rounds,
    Run,
    Scope,
    Trace,
    TracedExecution,
    TracedRequest,
    TracedStatement,
)
from tests.builders import START, a_phase, a_request, a_run, a_sample


def values(metrics: Iterable[Metric], **scope: Any) -> dict[str, float]:
    """Name → value of the metrics of exactly this scope."""
    return {metric.name: metric.value for metric in metrics if metric.scope == Scope(**scope)}


def the(metrics: Iterable[Metric], name: str, **scope: Any) -> Metric:
    """The one metric of this name and scope."""
    (found,) = [metric for metric in metrics if (metric.name, metric.scope) == (name, Scope(**scope))]
    return found


# What samplers read, by source: each is some metric's.
READ = {
    "target": [
        *("anon_bytes", "cpu_ratio", "heap_used_bytes", "heap_limit_bytes", "heap_external_bytes"),
        "heap_blocks_count",
        *("processes_count", "threads_count", "fds_count", "sockets_count", "swap_bytes", "uss_bytes", "pss_bytes"),
        *("context_switches_per_s", "disk_read_bytes_per_s", "disk_written_bytes_per_s"),
        *("cgroup_memory_bytes", "cgroup_memory_limit_bytes", "cgroup_throttled_ratio"),
        *("cgroup_cpu_pressure_ratio", "cgroup_memory_pressure_ratio", "cgroup_io_pressure_ratio"),
    ],
    "system": [
        *("load1", "cpu_ratio", "busiest_core_ratio", "memory_used_ratio", "swap_used_ratio"),
        *("disk_read_bytes_per_s", "disk_written_bytes_per_s"),
        *("network_received_bytes_per_s", "network_sent_bytes_per_s"),
    ],
    "perfkit": ["sampling_cpu_ratio"],
    "database": [
        "connections_count",
        "busy_count",
        "idle_in_transaction_count",
        "lock_waiting_count",
        "lock_waiting_count f - -",
    ],
}


def a_leak_phase() -> PhaseMark:
    """Nine floors of a heap and of open files that grow, 100 seconds after all else."""
    floors = [{"heap_bytes": n * 1e6, "heap_limit_bytes": 1e9, "fds_count": n * 1e3} for n in range(9)]
    rounds = Rounds(tuple(floors[:1] * 6), tuple(Round(1000, 10.0, floor) for floor in floors), cooled=floors[-1])
    return a_phase("leak", start=100.0, is_warmup_only=True, rounds=rounds)


def a_run_of_everything() -> Run:
    """Every metric there is has a value in it, but for those of a target that is seen through several processes."""
    requests = [
        a_request(at=number, cache="hit" if number else None, error=None if number else "timeout")
        for number in range(4)
    ]
    requests.append(a_request(at=4, cache="hit", intended_at=requests[3].started_at))
    samples = [a_sample(metric, 2.0, at=5, source=source) for source, found in READ.items() for metric in found]
    samples += [a_sample("floor_bytes", 1e6, at=at) for at in (-1, 61)]
    query = CapturedQuery("f", "SELECT 1", calls=1, total_ms=9, mean_ms=9, max_ms=9, phases={"single": 1})
    statement = TracedStatement("f", "SELECT 1", rows=1.0, blocks=1.0)
    trace = Trace(
        "trace", (statement,), (TracedRequest("Dashboard Metrics", START, 9.0, (TracedExecution("f", 5.0, 1.0),)),)
    )
    run = a_run(requests, samples, phases=[a_phase(arrivals=5), a_leak_phase()], queries=[query])
    return replace(run, trace=trace)
