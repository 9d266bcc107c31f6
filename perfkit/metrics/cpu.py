"""CPU that the target took: 1.0 is one core. Of phases only, as an average over different loads says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured

NAMES: Final[dict[str, str]] = {
    "cpu.avg_ratio": "mean CPU of the target; 100% is one core",
    "cpu.max_ratio": "highest CPU of the target between two readings; 100% is one core",
}


def compute(measured: Measured) -> list[Metric]:
    found = []
    for phase, readings in measured.during("target", "cpu_ratio"):
        if phase is not None:
            scope = Scope(phase=phase)
            found.append(Metric("cpu.avg_ratio", readings.mean, scope, n=len(readings)))
            found.append(Metric("cpu.max_ratio", readings.highest, scope, n=len(readings)))
    return found
