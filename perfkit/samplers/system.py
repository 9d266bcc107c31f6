"""Read the host: load average and memory in use. Knows psutil; knows nothing of the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import psutil

from perfkit.model import Config

SOURCE: Final = "system"


def from_config(config: Config) -> Sequence[System]:
    return [System()]


class System:
    """`load1` (run queue, 1 min average), `memory_used_ratio`, `cpu_ratio` (of all cores, since the last reading)."""

    source = SOURCE
    period_s = 1.0

    def __init__(self) -> None:
        psutil.cpu_percent()  # the first call has nothing to compare with

    def read(self) -> Mapping[str, float]:
        return {
            "load1": psutil.getloadavg()[0],
            "memory_used_ratio": psutil.virtual_memory().percent / 100.0,
            "cpu_ratio": psutil.cpu_percent() / 100.0,
        }
