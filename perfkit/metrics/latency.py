"""How long requests took. Knows three clocks: from the intended start, from the actual start, and to the first byte.

Over requests that succeeded or timed out. Percentiles are interpolated linearly between raw values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Cell, Measured
    from perfkit.metrics.rows import Floats

_STATISTICS: Final = {
    "avg": "mean",
    "min": "shortest",
    "p50": "median",
    "p75": "75th percentile",
    "p90": "90th percentile",
    "p95": "95th percentile",
    "p99": "99th percentile",
    "max": "longest",
}
_RESPONSE: Final = tuple(_STATISTICS)
_SERVICE: Final = ("avg", "p50", "p95", "p99")
_FIRST_BYTE: Final = ("avg", "p50", "p95")

NAMES: Final[dict[str, str]] = {
    **{f"latency.{key}_ms": f"{_STATISTICS[key]} response time, from the intended start" for key in _RESPONSE},
    **{f"service.{key}_ms": f"{_STATISTICS[key]} service time, from the actual start" for key in _SERVICE},
    **{f"ttfb.{key}_ms": f"{_STATISTICS[key]} time to the first byte, from the actual start" for key in _FIRST_BYTE},
}


def compute(measured: Measured) -> list[Metric]:
    return [metric for cell in measured.cells for metric in _of_cell(cell)]


def _of_cell(cell: Cell) -> Iterator[Metric]:
    rows = cell.rows
    for stem, values, statistics in (
        ("latency", rows.response_ms, _RESPONSE),
        ("service", rows.service_ms, _SERVICE),
        ("ttfb", rows.ttfb_ms, _FIRST_BYTE),
    ):
        yield from _summary(stem, values[rows.is_timed], statistics, cell.scope)


def _summary(stem: str, values: Floats, statistics: Iterable[str], scope: Scope) -> Iterator[Metric]:
    import numpy as np

    known = values[~np.isnan(values)]
    if not len(known):
        return
    percents = [float(key[1:]) for key in statistics if key.startswith("p")]
    found = dict(zip((f"p{percent:.0f}" for percent in percents), np.percentile(known, percents), strict=True))
    found |= {"avg": known.mean(), "min": known.min(), "max": known.max()}
    for key in statistics:
        yield Metric(f"{stem}.{key}_ms", float(found[key]), scope, n=len(known))
