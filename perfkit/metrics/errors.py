"""How many requests failed, and of what kind. An endpoint without a request has no error ratio, not a good one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric

if TYPE_CHECKING:
    from perfkit.metrics.measured import Cell, Measured

NAMES: Final[dict[str, str]] = {
    "errors.count": "failed requests; of one kind with kind=timeout, http_5xx …",
    "errors.ratio": "share of requests that failed",
}


def compute(measured: Measured) -> list[Metric]:
    return [metric for cell in measured.cells if cell.facts.count for metric in _of_cell(cell)]


def _of_cell(cell: Cell) -> Iterator[Metric]:
    n, kinds = cell.facts.count, cell.facts.errors
    failed = sum(kinds.values())
    yield Metric("errors.count", float(failed), cell.scope, n=n)
    yield Metric("errors.ratio", failed / n, cell.scope, n=n)
    for kind, count in kinds.items():
        yield Metric("errors.count", float(count), replace(cell.scope, kind=kind), n=n)
