"""Whether the scenario's own LoadTestShape decides how many users there are, or the phase does. Never in silence.

Runs inside the load child. Knows Locust's environment; the ticks of a shape are Locust's business.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perfkit.load.child import notes
from perfkit.load.orders import Orders


class NoShapeError(Exception):
    """A phase leaves its length to the scenario's LoadTestShape, and there is none."""


def settle(orders: Orders, environment: Any) -> tuple[Orders, bool]:
    """The orders that hold, and whether the shape decides; where it does not, Locust does not see it any more.

    A shape with `use_common_options` is made for users and a duration, so that it also decides a phase that has both.

    Raises:
        NoShapeError: neither the shape nor the phase says how long.
    """
    options, shape = environment.parsed_options, environment.shape_class
    if options.run_time:
        said = "says itself how long it takes: a run time of Locust's own configuration was ignored"
        notes.tell(f"phase {orders.phase} {said}")
        options.run_time = None
    if shape is None:
        if orders.duration_s is None and orders.iterations is None:
            raise NoShapeError(f"phase {orders.phase} has no duration, and the scenario no LoadTestShape")
        return orders, False
    name = type(shape).__name__
    if not _is_followed(orders, shape):
        environment.shape_class = None
        notes.tell(f"phase {orders.phase} says its load itself: the scenario's {name} (a LoadTestShape) was ignored")
        return orders, False
    limit_s, warmup_s = orders.shape or (orders.duration_s, orders.warmup_s)
    if shape.use_common_options:
        options.run_time = limit_s if limit_s is not None else orders.duration_s
    notes.tell(f"phase {orders.phase}: the scenario's {name} (a LoadTestShape) decided how many users there were")
    return replace(orders, duration_s=limit_s, warmup_s=warmup_s or 0.0), True


def _is_followed(orders: Orders, shape: Any) -> bool:
    is_closed_for_a_time = orders.rate_per_s is None and not orders.stages and orders.iterations is None
    return orders.shape is not None or (is_closed_for_a_time and bool(shape.use_common_options))
