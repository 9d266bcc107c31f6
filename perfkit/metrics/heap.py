"""The heap as the target, or its runtime, tells it. Where `target.heap` says nothing, there are no figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import Better, Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured
    from perfkit.recorded.readings import Readings

NAMES: Final[dict[str, str]] = {
    "heap.used_bytes": "largest heap in use under load",
    "heap.external_bytes": "most memory that the runtime was told of outside its heap, such as Node's Buffers",
    "heap.blocks_count": "most blocks of memory that CPython had allocated",
    "heap.limit_bytes": "largest heap that the runtime allows",
    "heap.utilisation_ratio": "largest share of its limit that the heap took",
}


def compute(measured: Measured) -> list[Metric]:
    used = dict(measured.during("target", "heap_used_bytes"))
    limits = dict(measured.during("target", "heap_limit_bytes"))
    external = dict(measured.during("target", "heap_external_bytes"))
    fullest = dict(measured.during("target", "heap_fullest_ratio"))
    largest = [
        _largest("heap.used_bytes", used, "lower"),
        _largest("heap.external_bytes", external, "lower"),
        _largest("heap.blocks_count", dict(measured.during("target", "heap_blocks_count")), "lower"),
        _largest("heap.limit_bytes", limits, None),
    ]
    if fullest:  # of several processes the fullest is told, not their mean
        largest.append(_largest("heap.utilisation_ratio", fullest, "lower"))
        return [metric for metrics in largest for metric in metrics]
    shares = (_utilisation(used[phase], limits[phase], phase) for phase in used if phase in limits)
    return [*(metric for metrics in largest for metric in metrics), *(share for share in shares if share)]


def _largest(name: str, found: dict[str | None, Readings], better: Better | None) -> Iterator[Metric]:
    for phase, readings in found.items():
        yield Metric(name, readings.highest, Scope(phase=phase), better=better, n=len(readings))


def _utilisation(used: Readings, limits: Readings, phase: str | None) -> Metric | None:
    """Each reading against the limit that was told last, or first of all, as a runtime may move its limit."""
    import numpy as np

    last = np.maximum(np.searchsorted(limits.at, used.at, side="right") - 1, 0)
    limit = limits.values[last]
    shares = used.highs[limit > 0] / limit[limit > 0]
    if not len(shares):
        return None
    return Metric("heap.utilisation_ratio", float(shares.max()), Scope(phase=phase), n=len(shares))
