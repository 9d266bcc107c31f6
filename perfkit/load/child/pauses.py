"""`pacing` and `think` of a phase: what users wait between two tasks, in place of what the scenario says.

Runs inside the load child. Knows where Locust's users and task sets keep their wait_time; waits for nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from locust import TaskSet, between, constant_pacing

from perfkit.load.orders import Orders


def install(orders: Orders, user_classes: Iterable[Any]) -> None:
    """Give all users and their task sets, nested ones too, the phase's wait_time, if it has one."""
    if orders.pacing_s is not None:
        wait_time = constant_pacing(orders.pacing_s)
    elif orders.think_s is not None:
        wait_time = between(*orders.think_s)
    else:
        return
    for kind in user_classes:
        kind.wait_time = wait_time
        _follow_the_user(kind.tasks, set())


def _follow_the_user(tasks: Iterable[Any], seen: set[Any]) -> None:
    """Task sets with a wait_time of their own ask their user again, as Locust's do by default."""
    for task in tasks:
        if isinstance(task, type) and issubclass(task, TaskSet) and task not in seen:
            seen.add(task)
            task.wait_time = TaskSet.wait_time
            _follow_the_user(task.tasks, seen)
