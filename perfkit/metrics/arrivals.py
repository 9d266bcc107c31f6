"""Whether the load came as it was meant to: what was offered, what was dropped, what was late. The open model only.

A phase without a rate has none of these. Counts are of whole phases and in no window.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Cell, Measured
    from perfkit.model import PhaseMark

NAMES: Final[dict[str, str]] = {
    "throughput.offered_per_s": "arrivals that fell due a second, whatever became of them",
    "arrivals.dropped_count": "arrivals that no user could take, as all max_users were busy",
    "lateness.p99_ms": "99th percentile of how long after its time an arrival began",
}


def compute(measured: Measured) -> list[Metric]:
    counted = [metric for mark in measured.phases for metric in _of_phase(mark)]
    return [*counted, *(metric for cell in measured.cells for metric in _lateness(cell))]


def _of_phase(mark: PhaseMark) -> Iterator[Metric]:
    if (offered_per_s := mark.offered_per_s) is None:
        return
    scope = Scope(phase=mark.name)
    yield Metric("throughput.offered_per_s", offered_per_s, scope, better=None, n=mark.arrivals)
    yield Metric("arrivals.dropped_count", float(mark.dropped), scope, n=mark.arrivals)


def _lateness(cell: Cell) -> Iterator[Metric]:
    """Of first requests only: those that follow in the same task have no time of their own, and are late by 0."""
    if (late := cell.facts.lateness_ms) is not None:
        yield Metric("lateness.p99_ms", late.at(0.99), cell.scope, n=late.n)
