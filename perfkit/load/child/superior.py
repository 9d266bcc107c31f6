"""Who is told how a phase goes in this process, and decides what it does not decide itself: the parent, or a master.

Runs inside the load child. Knows pipes and greenlets; the worker's end of a master is elsewhere.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any, Protocol

import gevent
from locust.log import greenlet_exception_logger

from perfkit.load.histogram import Fresh
from perfkit.load.orders import Orders, Status
from perfkit.load.words import to_line

logger = logging.getLogger(__name__)


class Superior(Protocol):
    """Who is told how the phase goes here, and decides what this process does not decide itself."""

    def tell(self, status: Status, fresh: Fresh) -> None:
        """Once a second, and at the end."""

    def await_begin(self) -> float:
        """The users are ready: return when the schedule begins, and its time zero, by perf_counter."""

    def is_gone(self) -> bool:
        """Whether nobody is there any more to hear of this."""

    def leave(self) -> None:
        """The phase is over here: end the users, then the process, when it may end."""


class Parent:
    """The process that started this one: it reads a pipe."""

    def __init__(self, orders: Orders, environment: Any) -> None:
        self._orders = orders
        self._environment = environment

    def tell(self, status: Status, fresh: Fresh) -> None:
        """`fresh` is in the status's own figures."""
        tell_parent(self._orders, to_line(status))

    def await_begin(self) -> float:
        """There is nobody else to begin with."""
        return time.perf_counter()

    def is_gone(self) -> bool:
        return is_orphaned(self._orders)

    def leave(self) -> None:
        self._environment.runner.quit()


def is_orphaned(orders: Orders) -> bool:
    """Whether the process that started this one is gone."""
    return os.getppid() != orders.parent_pid


def tell_parent(orders: Orders, line: str) -> None:
    """One line into the parent's pipe."""
    try:
        os.write(orders.status_fd, (line + "\n").encode())
    except OSError:  # the parent is gone; the next look at its pid ends the run
        return


def spawn(work: Callable[..., None], *arguments: Any) -> None:
    """Run it beside, and log an exception that ends it."""
    gevent.spawn(work, *arguments).link_exception(greenlet_exception_logger(logger))
