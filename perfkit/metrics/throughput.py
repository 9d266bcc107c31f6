"""How many requests were made, and how many succeeded each second. Knows the length of a phase; no latency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric

if TYPE_CHECKING:
    from perfkit.metrics.measured import Cell, Measured

NAMES: Final[dict[str, str]] = {
    "requests.count": "requests made, failed ones included",
    "throughput.requests_per_s": "successful requests a second",
}


def compute(measured: Measured) -> list[Metric]:
    return [metric for cell in measured.cells for metric in _of_cell(cell)]


def _of_cell(cell: Cell) -> Iterator[Metric]:
    made, succeeded = cell.facts.count, cell.facts.succeeded
    yield Metric("requests.count", float(made), cell.scope, better=None, n=made)
    if cell.seconds > 0:
        yield Metric("throughput.requests_per_s", succeeded / cell.seconds, cell.scope, better="higher", n=succeeded)
