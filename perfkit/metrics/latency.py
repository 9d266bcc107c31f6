"""How long requests took. Knows three clocks: from the intended start, from the actual start, and to the first byte.

Over requests that succeeded or timed out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Cell, Measured
    from perfkit.recorded.spread import Spread

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
    for stem, spread, statistics in (
        ("latency", cell.facts.response_ms, _RESPONSE),
        ("service", cell.facts.service_ms, _SERVICE),
        ("ttfb", cell.facts.ttfb_ms, _FIRST_BYTE),
    ):
        if spread is not None:
            yield from _summary(stem, spread, statistics, cell.scope)


def _summary(stem: str, spread: Spread, statistics: Iterable[str], scope: Scope) -> Iterator[Metric]:
    exact = {"avg": spread.mean, "min": spread.least, "max": spread.most}
    for key in statistics:
        value = exact[key] if key in exact else spread.at(float(key[1:]) / 100)
        yield Metric(f"{stem}.{key}_ms", value, scope, n=spread.n)
