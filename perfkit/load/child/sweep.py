"""Iterations for Locust: a sweep runs every task once, in the order of definition, whatever its weight.

A phase with `iterations = 20` measures every endpoint 20 times a user, the rare ones too; random picks by weight would
leave some unmeasured. Runs inside the load child. Nested task sets are swept once each time they are entered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partialmethod
from typing import Any

from locust.exception import InterruptTaskSet, StopUser
from locust.user.sequential_taskset import SequentialTaskSet
from locust.user.task import DefaultTaskSet, TaskSet


class Sweep:
    """Makes every user of this process stop after `iterations` sweeps of its tasks, and do `at_end` before it goes.

    `only`: the one task, "User.task", that is done; users of other classes stop at once.
    """

    def __init__(self, iterations: int, at_end: Callable[[Any], None] | None = None, only: str | None = None) -> None:
        self.iterations = iterations
        self.at_end = at_end
        self.only = only
        self.has_begun = False
        for kind in (TaskSet, SequentialTaskSet, DefaultTaskSet):
            kind.get_next_task = partialmethod(_pick, self)

    def next_task(self, task_set: Any) -> Any:
        self.has_begun = True
        state = task_set.__dict__
        if not state.get("perfkit_left"):
            sweep = state["perfkit_sweeps"] = state.get("perfkit_sweeps", 0) + 1
            self._leave_when_done(task_set, sweep)
            state["perfkit_left"] = self._tasks(task_set)
            if not state["perfkit_left"]:
                raise StopUser
        return state["perfkit_left"].pop(0)

    def _tasks(self, task_set: Any) -> list[Any]:
        tasks = list(dict.fromkeys(_tasks_of(task_set)))
        if self.only is None or not isinstance(task_set, DefaultTaskSet):
            return tasks
        user, _, name = self.only.partition(".")
        return [task for task in tasks if type(task_set.user).__name__ == user and task.__name__ == name]

    def _leave_when_done(self, task_set: Any, sweep: int) -> None:
        if isinstance(task_set, DefaultTaskSet):
            if sweep > self.iterations:
                if self.at_end is not None:
                    self.at_end(task_set.user)
                raise StopUser
        elif sweep > 1:
            raise InterruptTaskSet(reschedule=True)

    def is_finished(self, runner: Any) -> bool:
        """Whether all users that were started have left."""
        return self.has_begun and runner.user_count == 0 and runner.state not in {"ready", "spawning"}


def _pick(task_set: Any, sweep: Sweep) -> Any:
    return sweep.next_task(task_set)


def _tasks_of(task_set: Any) -> list[Any]:
    return list(task_set.user.tasks if isinstance(task_set, DefaultTaskSet) else task_set.tasks)
