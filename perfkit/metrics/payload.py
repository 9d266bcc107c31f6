"""How large the successful replies were, as sent and as decoded. Knows sizes of bodies, nothing of headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric

if TYPE_CHECKING:
    from perfkit.metrics.measured import Cell, Measured

NAMES: Final[dict[str, str]] = {
    "payload.wire_bytes": "mean body of a successful reply, as sent",
    "payload.decoded_bytes": "mean body of a successful reply, after content decoding",
    "payload.compression_ratio": "decoded bytes for each byte sent",
}


def compute(measured: Measured) -> list[Metric]:
    return [metric for cell in measured.cells for metric in _of_cell(cell)]


def _of_cell(cell: Cell) -> Iterator[Metric]:
    for name, sizes in (("payload.wire_bytes", cell.facts.wire), ("payload.decoded_bytes", cell.facts.decoded)):
        if sizes.n:
            yield Metric(name, sizes.total / sizes.n, cell.scope, n=sizes.n)
    sent, decoded = cell.facts.both
    if sent.total > 0:
        ratio = decoded.total / sent.total
        yield Metric("payload.compression_ratio", ratio, cell.scope, better="higher", n=sent.n)
