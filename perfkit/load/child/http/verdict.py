"""What a with statement makes of a reply (`catch_response=True`). Knows Locust's exceptions; knows no HTTP."""

from __future__ import annotations

from collections.abc import Callable
from json import JSONDecodeError
from typing import Final

from locust.exception import (
    CatchResponseError,
    InterruptTaskSet,
    LocustError,
    RescheduleTask,
    RescheduleTaskImmediately,
    ResponseError,
    StopTest,
    StopUser,
)

from perfkit.load.child.http.failures import FAILURES

_FLOW: Final = (StopUser, StopTest, InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately)
_NEEDS_WITH: Final = (
    "to say whether a request succeeded, pass catch_response=True and use the reply in a with statement: "
    "with self.client.get(…, catch_response=True) as response: …"
)


class Verdict:
    """`report` is told once, at the end of the statement, what made the request fail; None: nothing did."""

    __slots__ = ("_is_entered", "_is_ruled", "_report", "_ruling")

    def __init__(self, report: Callable[[Exception | None], None] | None = None) -> None:
        self._report = report
        self._is_entered = self._is_ruled = False
        self._ruling: Exception | None = None

    def enter(self) -> None:
        """The statement begins.

        Raises:
            LocustError: nobody asked for one, or it is over.
        """
        if self._report is None:
            raise LocustError(_NEEDS_WITH)
        self._is_entered = True

    def rule(self, failed_by: Exception | None) -> None:
        """The block says what made the request fail, or that nothing did; the last word counts.

        Raises:
            LocustError: there is no block.
        """
        if not self._is_entered:
            raise LocustError(_NEEDS_WITH)
        self._is_ruled = True
        self._ruling = failed_by

    def outcome(self, error: Exception | None) -> Exception | None:
        """What made the request fail, when `error` is what the reply alone says."""
        return self._ruling if self._is_ruled else error

    def leave(self, raised: BaseException | None, error: Exception | None) -> bool:
        """The statement ends, perhaps by an exception; whether that was the block's way to say what the request is.

        Whatever else the block raised makes the request a failure, unless the block has ruled. Locust's clients lose
        such a request. Here it is counted, and the exception goes on as there.
        """
        is_said_here = not self._is_ruled and isinstance(raised, ResponseError)
        if not self._is_ruled and isinstance(raised, Exception) and not isinstance(raised, _FLOW):
            is_json = isinstance(raised, JSONDecodeError)  # which requests makes an OSError
            is_of_the_reply = isinstance(raised, FAILURES) and not is_json
            is_ours = is_said_here or is_of_the_reply
            self.rule(raised if is_ours else CatchResponseError(f"{type(raised).__name__}: {raised}"))
        report, self._report = self._report, None
        if report is not None:
            report(self.outcome(error))
        return is_said_here
