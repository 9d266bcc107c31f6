"""The machine that perfkit ran on: its run queue and its memory. Knows nothing of a target elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured

_SAMPLED: Final = {"system.load1": "load1", "system.memory_used_ratio": "memory_used_ratio"}

NAMES: Final[dict[str, str]] = {
    "system.load1": "highest 1-minute load average of the machine",
    "system.memory_used_ratio": "highest share of the machine's memory in use",
}


def compute(measured: Measured) -> list[Metric]:
    return [
        Metric(name, float(readings.values.max()), Scope(phase=phase), n=len(readings))
        for name, sampled in _SAMPLED.items()
        for phase, readings in measured.during("system", sampled)
    ]
