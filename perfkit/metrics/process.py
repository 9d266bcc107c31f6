"""What else the watched processes hold and do: threads, open files, sockets, storage; and the limits of their group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured

_SAMPLED: Final = {
    "process.count": "processes_count",
    "process.threads_count": "threads_count",
    "process.fds_count": "fds_count",
    "process.sockets_count": "sockets_count",
    "process.swap_bytes": "swap_bytes",
    "process.uss_bytes": "uss_bytes",
    "process.pss_bytes": "pss_bytes",
    "process.context_switches_per_s": "context_switches_per_s",
    "process.disk_read_bytes_per_s": "disk_read_bytes_per_s",
    "process.disk_written_bytes_per_s": "disk_written_bytes_per_s",
    "cgroup.memory_bytes": "cgroup_memory_bytes",
    "cgroup.memory_limit_bytes": "cgroup_memory_limit_bytes",
    "cgroup.throttled_ratio": "cgroup_throttled_ratio",
    "cgroup.cpu_pressure_ratio": "cgroup_cpu_pressure_ratio",
    "cgroup.memory_pressure_ratio": "cgroup_memory_pressure_ratio",
    "cgroup.io_pressure_ratio": "cgroup_io_pressure_ratio",
}
_IS_A_LIMIT: Final = "cgroup.memory_limit_bytes"

NAMES: Final[dict[str, str]] = {
    "process.count": "most processes of the target at once",
    "process.threads_count": "most threads of the target at once",
    "process.fds_count": "most open files of the target at once, sockets among them",
    "process.sockets_count": "most sockets of the target at once: connections, and those that wait for some",
    "process.swap_bytes": "most memory of the target in swap",
    "process.uss_bytes": "most memory that would be free if the target ended",
    "process.pss_bytes": "most memory of the target, with its share of what other processes use too",
    "process.context_switches_per_s": "how often its threads gave up or lost the CPU, where that was highest",
    "process.disk_read_bytes_per_s": "bytes read from storage a second, where that was highest",
    "process.disk_written_bytes_per_s": "bytes written to storage a second, where that was highest",
    "cgroup.memory_bytes": "most memory of the target's control group",
    "cgroup.memory_limit_bytes": "memory that its control group may have",
    "cgroup.throttled_ratio": "largest share of time in which the CPU quota held the target back",
    "cgroup.cpu_pressure_ratio": "largest share of 10 s in which some of the target waited for a CPU",
    "cgroup.memory_pressure_ratio": "largest share of 10 s in which some of the target waited for memory",
    "cgroup.io_pressure_ratio": "largest share of 10 s in which some of the target waited for storage",
}


def compute(measured: Measured) -> list[Metric]:
    return [
        Metric(
            name,
            readings.highest,
            Scope(phase=phase),
            better=None if name == _IS_A_LIMIT else "lower",
            n=len(readings),
        )
        for name, sampled in _SAMPLED.items()
        for phase, readings in measured.during("target", sampled)
    ]
