"""Student's t distribution for whole degrees of freedom, so that no statistics package has to be installed."""

from __future__ import annotations

import math
from functools import cache


def tail(t: float, freedom: int) -> float:
    """P(T > t). Exact: the finite series of Abramowitz & Stegun 26.7.3 and 26.7.4.

    Raises:
        ValueError: fewer than one degree of freedom.
    """
    if freedom < 1:
        raise ValueError(f"{freedom} degrees of freedom are too few")
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    angle = math.atan2(t, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = freedom % 2
    term = total = cosine if is_odd else 1.0
    for step in range(2 + is_odd, freedom - 1, 2):
        term *= cosine * cosine * (step - 1) / step
        total += term
    inside = 2 / math.pi * (angle + sine * total * (freedom > 1)) if is_odd else sine * total
    return min(max((1 - inside) / 2, 0.0), 1.0)


@cache
def quantile(share: float, freedom: int) -> float:
    """The t below which `share` of the distribution lies (0 < share < 1), to 1e-12 of its size."""
    if share < 0.5:
        return -quantile(1 - share, freedom)
    low, high = 0.0, 1.0
    while tail(high, freedom) > 1 - share:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, freedom) > 1 - share else (low, middle)
    return (low + high) / 2
