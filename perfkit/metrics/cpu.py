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
            scope, values = Scope(phase=phase), readings.values
            found.append(Metric("cpu.avg_ratio", float(values.mean()), scope, n=len(values)))
            found.append(Metric("cpu.max_ratio", float(values.max()), scope, n=len(values)))
    return found
