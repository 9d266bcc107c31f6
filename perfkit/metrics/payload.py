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
    import numpy as np

    wire, decoded = cell.rows.wire_bytes[cell.rows.is_ok], cell.rows.decoded_bytes[cell.rows.is_ok]
    for name, sizes in (("payload.wire_bytes", wire), ("payload.decoded_bytes", decoded)):
        known = sizes[~np.isnan(sizes)]
        if len(known):
            yield Metric(name, float(known.mean()), cell.scope, n=len(known))
    both = ~np.isnan(wire) & ~np.isnan(decoded)
    sent = float(wire[both].sum())
    if sent > 0:
        ratio = float(decoded[both].sum()) / sent
        yield Metric("payload.compression_ratio", ratio, cell.scope, better="higher", n=int(both.sum()))
