"""Memory of the target: at rest before and after the load, and at its highest. Judges no leak.

All figures are of anonymous memory, the best view of a heap from outside; where the system does not tell it, of the
resident set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, PhaseMark, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured
    from perfkit.recorded.readings import Series

NAMES: Final[dict[str, str]] = {
    "memory.start_bytes": "idle memory of the target before the load",
    "memory.end_bytes": "idle memory of the target after the load",
    "memory.growth_bytes": "idle memory after the load, less that before",
    "memory.peak_bytes": "highest memory of the target under load",
}


def compute(measured: Measured) -> list[Metric]:
    floors = [floor for mark in measured.phases for floor in _floors(measured, mark)]
    per_phase = [metric for mark in measured.phases for metric in _growth(_floors(measured, mark), mark.name)]
    return [*per_phase, *_growth(floors, None), *_peaks(measured)]


def _floors(measured: Measured, mark: PhaseMark) -> list[float]:
    """The last idle reading before a phase, and the first after it, as far as there are; none of another phase's."""
    readings = measured.samples.get(("target", "floor_bytes"))
    if readings is None:
        return []
    position = measured.marks.index(mark)
    opens = measured.marks[position - 1].ended_at if position else float("-inf")
    closes = measured.marks[position + 1].started_at if position + 1 < len(measured.marks) else float("inf")
    before, after = readings.between(opens, mark.started_at), readings.between(mark.ended_at, closes)
    return [*before.values[-1:].tolist(), *after.values[:1].tolist()]


def _growth(floors: list[float], phase: str | None) -> Iterator[Metric]:
    if len(floors) < 2:
        return
    scope = Scope(phase=phase)
    yield Metric("memory.start_bytes", floors[0], scope, n=1)
    yield Metric("memory.end_bytes", floors[-1], scope, n=1)
    yield Metric("memory.growth_bytes", floors[-1] - floors[0], scope, n=len(floors))


def _peaks(measured: Measured) -> Iterator[Metric]:
    for phase, readings in measured.during(*source_of(measured.samples)):
        yield Metric("memory.peak_bytes", readings.highest, Scope(phase=phase), n=len(readings))


def source_of(samples: Series) -> tuple[str, str]:
    """The sampler and its metric that tell the target's memory best."""
    anonymous = samples.get(("target", "anon_bytes"))
    is_told = anonymous is not None and anonymous.highs.any()
    return "target", "anon_bytes" if is_told else "rss_bytes"
