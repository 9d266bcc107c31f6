"""Makes Locust's users wait for arrivals instead of for their wait_time: one arrival, one task of the user's own list.

Runs inside the load child. A nested task set runs to its interrupt within one arrival. One that never interrupts would
keep its user for ever, so there each of its tasks is an arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partialmethod
from types import CodeType, FunctionType
from typing import Any, Final

from gevent import getcurrent
from locust.user.task import DefaultTaskSet, TaskSet

from perfkit.load.child.open_model.dispatcher import OpenModel, intended_at

_INTENDED: Final = "perfkit_intended_at"
_IN_TASK: Final = "perfkit_is_in_task"
_WAYS_OUT: Final = {"interrupt", "InterruptTaskSet", "StopUser", "RescheduleTask", "RescheduleTaskImmediately"}


def install(model: OpenModel) -> None:
    """From now on the users of this process do what `model` hands out."""
    TaskSet.execute_next_task = partialmethod(_execute_next_task, model)
    TaskSet.wait = partialmethod(_wait, TaskSet.wait)


def take_intended_at() -> float | None:
    """When the schedule wanted the request that now ends, in unix seconds: only for the first one of an arrival."""
    shared = getattr(getcurrent(), "spawn_tree_locals", None)  # seen by greenlets that the task spawned, too
    return shared.pop(_INTENDED, None) if shared else None


def _execute_next_task(task_set: Any, model: OpenModel) -> None:
    task = task_set._task_queue.popleft()
    if not _takes_arrivals(task_set) or _is_endless(task):
        task_set.execute_task(task)
        return
    user = task_set.user
    arrival = model.take(user)
    task_set.__dict__[_IN_TASK] = True
    try:
        _intend(user, intended_at(arrival))
        task_set.execute_task(task)
    finally:
        task_set.__dict__[_IN_TASK] = False
        _intend(user, None)
        model.leave()


def _wait(task_set: Any, wait: Any) -> None:
    """Between arrivals nobody waits for a time; `self.wait()` within a task still does."""
    if not _takes_arrivals(task_set) or task_set.__dict__.get(_IN_TASK):
        wait(task_set)


def _intend(user: Any, at: float | None) -> None:
    """Leave word of when the next request of this user was meant to start; None: nobody meant it."""
    client: Any = getattr(user, "client", None)
    if hasattr(client, "intended_at"):
        client.intended_at = at
    else:
        getcurrent().spawn_tree_locals = {} if at is None else {_INTENDED: at}


def _takes_arrivals(task_set: Any) -> bool:
    """Whether the tasks of this task set are arrivals: the user's own, and those of an endless one right below."""
    while isinstance(task_set, TaskSet) and not isinstance(task_set, DefaultTaskSet):
        if not _is_endless(type(task_set)):
            return False
        task_set = task_set.parent
    return True


@cache
def _is_endless(task: Any) -> bool:
    """Whether a task is a task set in which nothing names a way out."""
    if not (isinstance(task, type) and issubclass(task, TaskSet)):
        return False
    own = [kind for kind in task.__mro__ if kind.__module__.partition(".")[0] != "locust"]
    written = [item for kind in own for item in vars(kind).values()]
    return not any(_WAYS_OUT & set(_names(_code_of([*written, *task.tasks]))))


def _code_of(items: Iterable[Any]) -> Iterator[CodeType]:
    return (item.__code__ for item in items if isinstance(item, FunctionType))


def _names(codes: Iterable[CodeType]) -> Iterator[str]:
    for code in codes:
        yield from code.co_names
        yield from _names(inner for inner in code.co_consts if isinstance(inner, CodeType))
