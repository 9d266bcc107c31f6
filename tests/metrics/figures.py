"""How the tests of metrics read a list of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perfkit.model import Metric, Scope


def values(metrics: Iterable[Metric], **scope: Any) -> dict[str, float]:
    """Name → value of the metrics of exactly this scope."""
    return {metric.name: metric.value for metric in metrics if metric.scope == Scope(**scope)}


def the(metrics: Iterable[Metric], name: str, **scope: Any) -> Metric:
    """The one metric of this name and scope."""
    (found,) = [metric for metric in metrics if (metric.name, metric.scope) == (name, Scope(**scope))]
    return found
