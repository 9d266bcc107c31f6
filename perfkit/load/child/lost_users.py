"""Users that end before their phase does, by what they raise: Locust lets them go without a word.

Runs inside the load child. Locust catches an Exception in a task; what is none (sys.exit, KeyboardInterrupt, what
gevent raises) ends the user, as does anything that on_start raises.
"""

from __future__ import annotations

import logging
import math
from functools import partialmethod
from typing import Any, Final

from gevent import GreenletExit, Timeout
from locust import User
from locust.exception import StopTest, StopUser
from locust.user.task import DefaultTaskSet, TaskSet

from perfkit.load.child.sink import Sink

_IN_TIME: Final = (GreenletExit, StopUser, StopTest)

logger = logging.getLogger(__name__)


class LostUsers:
    """`count` of one phase. `are_replaced`: in place of one that an Exception ended there comes another."""

    def __init__(self, sink: Sink, *, are_replaced: bool) -> None:
        self.count = 0
        self._sink = sink
        self._are_replaced = are_replaced

    def install(self) -> None:
        """Have an eye on the users of this process; a time limit of gevent in a task ends the task only."""
        User.run = partialmethod(_run, self, User.run)  # type: ignore[misc]
        for kind in (TaskSet, DefaultTaskSet):
            kind.execute_task = partialmethod(_execute_task, kind.execute_task)

    def note(self, user: Any, error: BaseException) -> None:
        """This has ended it."""
        if self._sink.ended_at < math.inf or _is_sent_away(error):
            return
        if not isinstance(error, Exception):
            _tell(user, error)
        elif self._are_replaced:
            return
        self.count += 1


def _run(user: Any, lost: LostUsers, run: Any) -> None:
    try:
        run(user)
    except SystemExit as error:
        lost.note(user, error)
        raise KeyboardInterrupt from error  # by which Locust ends in order: the last rows and the last word come
    except BaseException as error:
        lost.note(user, error)
        raise


def _execute_task(task_set: Any, execute: Any, task: Any) -> None:
    try:
        execute(task_set, task)
    except Timeout as error:
        logger.exception("a time limit ended a task")
        _tell(task_set, error)


def _tell(user: Any, error: BaseException) -> None:
    """To whoever listens to Locust's event of what a scenario raises."""
    environment = (user.user if isinstance(user, TaskSet) else user).environment
    environment.events.user_error.fire(user_instance=user, exception=error, tb=error.__traceback__)


def _is_sent_away(error: BaseException | None) -> bool:
    """Whether it was to end, and raised this on its way, as in on_stop."""
    while error is not None and not isinstance(error, _IN_TIME):
        error = error.__context__
    return error is not None
