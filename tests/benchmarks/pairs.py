"""What the benchmarks share: competitors in alternation, medians and ratios as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def alternate(competitors: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run each competitor once a round, so that the machine's drift meets all of them."""
    readings: dict[str, list[float]] = {name: [] for name in competitors}
    for _ in range(rounds):
        for name, run in competitors.items():
            readings[name].append(run())
    return readings


def ratios(over: Sequence[float], under: Sequence[float]) -> dict[str, float]:
    """Median, least and greatest of the ratios round by round."""
    values = [a / b for a, b in zip(over, under, strict=True)]
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def publish(name: str, bar: str, is_met: bool, **figures: Any) -> None:
    """Print the result as one JSON object."""
    print(json.dumps({"benchmark": name, "bar": bar, "met": is_met, **figures}, indent=1))
