"""How latency is distributed, for plots: quantiles, dense in the tail. Knows the measured part of a run only."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np

from perfkit.metrics.measured import measured_of
from perfkit.metrics.rows import Rows
from perfkit.model import Run

_BODY: Final = [part / 40 for part in range(36)]
_TAIL: Final = [1 - (10 - part) / 10**power for power in (2, 3, 4) for part in range(9)]
QUANTILES: Final = tuple(round(quantile, 6) for quantile in (*_BODY, *_TAIL, 0.9999))


Curve: TypeAlias = tuple[tuple[float, float], ...]
"""(quantile 0 to 1, response time in ms) pairs, ascending."""


def curves(run: Run) -> dict[tuple[str, str | None], Curve]:
    """Phase and endpoint (None: all of them) → their curve, in the order of both; without those that have no request.

    Beyond the body, a quantile stands only where there are requests to tell it from the longest one.
    """
    found = {(cell.phase, cell.endpoint): _curve(cell.rows) for cell in measured_of(run).cells}
    return {which: curve for which, curve in found.items() if curve}


def _curve(rows: Rows) -> Curve:
    values = rows.response_ms[rows.is_timed]
    known = values[~np.isnan(values)]
    if not len(known):
        return ()
    told = [quantile for quantile in QUANTILES if quantile <= 0.9 or (1 - quantile) * len(known) >= 1]
    found = np.quantile(known, [*told, 1.0])
    return tuple(zip([*told, 1.0], found.tolist(), strict=True))
