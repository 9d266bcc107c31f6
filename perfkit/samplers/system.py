"""Read the host: load average, CPU, memory, disk and network. Knows psutil; knows nothing of the target."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

import psutil

from perfkit.model import Config

SOURCE: Final = "system"


def from_config(config: Config) -> Sequence[System]:
    return [System()]


class System:
    """`load1` (run queue, 1 min average), `memory_used_ratio`, `swap_used_ratio`, `cpu_ratio` (of all cores) and
    `busiest_core_ratio`, and of disks and network `disk_read_bytes_per_s`, `disk_written_bytes_per_s`,
    `network_received_bytes_per_s`, `network_sent_bytes_per_s`; those with a time are since the last reading.
    """

    source = SOURCE
    period_s = 1.0

    def __init__(self) -> None:
        psutil.cpu_percent(percpu=True)  # the first call has nothing to compare with
        self._before = time.perf_counter(), _transferred()

    def read(self) -> Mapping[str, float]:
        cores = psutil.cpu_percent(percpu=True)
        return {
            "load1": psutil.getloadavg()[0],
            "memory_used_ratio": psutil.virtual_memory().percent / 100.0,
            "swap_used_ratio": psutil.swap_memory().percent / 100.0,
            "cpu_ratio": sum(cores) / len(cores) / 100.0,
            "busiest_core_ratio": max(cores) / 100.0,
            **self._rates(),
        }

    def close(self) -> None:
        """Nothing is held open."""

    def _rates(self) -> dict[str, float]:
        (then, before), (now, totals) = self._before, (time.perf_counter(), _transferred())
        self._before = now, totals
        shared = before.keys() & totals.keys()
        return {f"{name}_per_s": max(totals[name] - before[name], 0.0) / max(now - then, 1e-9) for name in shared}


def _transferred() -> dict[str, float]:
    disks, network = psutil.disk_io_counters(), psutil.net_io_counters()
    found: dict[str, float] = {}
    if disks is not None:
        found |= {"disk_read_bytes": float(disks.read_bytes), "disk_written_bytes": float(disks.write_bytes)}
    if network is not None:
        found |= {"network_received_bytes": float(network.bytes_recv), "network_sent_bytes": float(network.bytes_sent)}
    return found
