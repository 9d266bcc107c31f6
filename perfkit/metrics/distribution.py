"""How latency is distributed, for plots: quantiles, dense in the tail. Knows the measured part of a run only."""

from __future__ import annotations

from typing import TypeAlias

from perfkit.metrics.measured import measured_of
from perfkit.model import Run
from perfkit.recorded.spread import QUANTILES, Spread

Curve: TypeAlias = tuple[tuple[float, float], ...]
"""(quantile 0 to 1, response time in ms) pairs, ascending."""


def curves(run: Run) -> dict[tuple[str, str | None], Curve]:
    """Phase and endpoint (None: all of them) → their curve, in the order of both; without those that have no request.

    Beyond the body, a quantile stands only where there are requests to tell it from the longest one.
    """
    spreads = {(cell.phase, cell.endpoint): cell.facts.response_ms for cell in measured_of(run).cells}
    return {which: _curve(spread) for which, spread in spreads.items() if spread is not None}


def _curve(spread: Spread) -> Curve:
    told = [quantile for quantile in QUANTILES if quantile <= 0.9 or (1 - quantile) * spread.n >= 1]
    return (*((quantile, spread.at(quantile)) for quantile in told), (1.0, spread.most))
