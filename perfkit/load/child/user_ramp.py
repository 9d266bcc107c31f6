"""Stages of the closed model: tells Locust how many users there shall be, again and again, inside the load child."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

import gevent

from perfkit.load import arrivals
from perfkit.load.orders import Orders

STEP_S: Final = 0.25


def follow(orders: Orders, runner: Any) -> None:
    """Keep the number of users on the line that the stages draw, until the phase is over."""
    load = arrivals.ramps(float(orders.users), orders.duration_s or 0.0, orders.stages)
    began, wanted = perf_counter(), orders.users
    while (elapsed_s := perf_counter() - began) < (orders.duration_s or 0.0):
        before, wanted = wanted, round(arrivals.value_at(load, elapsed_s))
        if wanted != before:
            runner.start(wanted, spawn_rate=abs(wanted - before))
        gevent.sleep(STEP_S)
