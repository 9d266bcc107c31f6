"""The machine that perfkit ran on, and what watching it cost. Knows nothing of a target elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured

_SAMPLED: Final = {
    "system.load1": "load1",
    "system.cpu_ratio": "cpu_ratio",
    "system.busiest_core_ratio": "busiest_core_ratio",
    "system.memory_used_ratio": "memory_used_ratio",
    "system.swap_used_ratio": "swap_used_ratio",
    "system.disk_read_bytes_per_s": "disk_read_bytes_per_s",
    "system.disk_written_bytes_per_s": "disk_written_bytes_per_s",
    "system.network_received_bytes_per_s": "network_received_bytes_per_s",
    "system.network_sent_bytes_per_s": "network_sent_bytes_per_s",
}

NAMES: Final[dict[str, str]] = {
    "system.load1": "highest 1-minute load average of the machine",
    "system.cpu_ratio": "highest share of all cores in use",
    "system.busiest_core_ratio": "highest use of one core; a single-threaded target ends here",
    "system.memory_used_ratio": "highest share of the machine's memory in use",
    "system.swap_used_ratio": "highest share of the machine's swap in use",
    "system.disk_read_bytes_per_s": "bytes read from all disks a second, where that was highest",
    "system.disk_written_bytes_per_s": "bytes written to all disks a second, where that was highest",
    "system.network_received_bytes_per_s": "bytes received on all interfaces a second, where that was highest",
    "system.network_sent_bytes_per_s": "bytes sent on all interfaces a second, where that was highest",
    "system.sampling_cpu_ratio": "mean CPU that perfkit's own sampling took; 100% is one core",
}


def compute(measured: Measured) -> list[Metric]:
    highest = [
        Metric(name, readings.highest, Scope(phase=phase), n=len(readings))
        for name, sampled in _SAMPLED.items()
        for phase, readings in measured.during("system", sampled)
    ]
    cost = [
        Metric("system.sampling_cpu_ratio", readings.mean, Scope(phase=phase), n=len(readings))
        for phase, readings in measured.during("perfkit", "sampling_cpu_ratio")
    ]
    return [*highest, *cost]
