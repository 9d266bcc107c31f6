"""How latency is distributed, for plots: quantiles, dense in the tail. Knows the measured part of a run only."""

from __future__ import annotations

from typing import Final

import numpy as np

from perfkit.metrics.measured import measured_of
from perfkit.model import Run

_BODY: Final = [part / 40 for part in range(36)]
_TAIL: Final = [1 - (10 - part) / 10**power for power in (2, 3, 4) for part in range(9)]
QUANTILES: Final = tuple(round(quantile, 6) for quantile in (*_BODY, *_TAIL, 0.9999))


def quantiles(run: Run, phase: str, endpoint: str | None) -> tuple[tuple[float, float], ...]:
    """(quantile 0 to 1, response time in ms) pairs, ascending, of one endpoint or of all; empty without requests.

    Beyond the body, a quantile stands only where there are requests to tell it from the longest one.
    """
    cells = [cell for cell in measured_of(run).cells if (cell.phase, cell.endpoint) == (phase, endpoint)]
    values = cells[0].rows.response_ms[cells[0].rows.is_timed] if cells else np.empty(0)
    known = values[~np.isnan(values)]
    if not len(known):
        return ()
    told = [quantile for quantile in QUANTILES if quantile <= 0.9 or (1 - quantile) * len(known) >= 1]
    found = np.quantile(known, [*told, 1.0])
    return tuple(zip([*told, 1.0], found.tolist(), strict=True))
