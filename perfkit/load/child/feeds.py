"""Rows of data for users: a CSV or JSON file, shared out over the load's workers, each row handed out in its order.

Knows files, Locust's runner and where the run's folder is. A file is held in memory whole, so its size is bounded.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args

from gevent import GreenletExit

from perfkit.load.child.feed_files import FeedError, Row, read_feed
from perfkit.load.orders import VARIABLE, Orders

Order = Literal["cycle", "random", "unique"]
_TAKEN: Final = "{name}-{pid}.taken"

logger = logging.getLogger(__name__)

_made: list[Feed] = []
_place: tuple[int, int] | None = None


class ExhaustedError(GreenletExit):  # type: ignore[misc]
    """The user's feed has no row left: the user stops, as when Locust stops it. No `except Exception` holds it up."""


class Feed:
    """Rows in an order. `share` tells, when the first row is wanted: this worker's index, how many there are."""

    def __init__(
        self,
        name: str,
        rows: list[Row],
        order: Order,
        share: Callable[[], tuple[int, int]] = lambda: (0, 1),
        taken_before: Callable[[], int] = lambda: 0,
    ) -> None:
        self.name = name
        self.order = order
        self.refused = 0
        """How many users were stopped because there was no row left."""
        self.total = len(rows)
        """How many rows the file has."""
        self._rows = rows
        self._share = share
        self._taken_before = taken_before
        self._lock = threading.Lock()
        self._source: Iterator[tuple[int, Row]] | None = None
        self._last = -1

    def next(self) -> Row:
        """The next row, as a dict of its own.

        Raises:
            ExhaustedError: `unique`, and every row of this worker was handed out; said once in the log.
            FeedError: a worker that does not know its place yet, because the load has not begun.
        """
        with self._lock:
            if self._source is None:
                self._source = self._begin()
            found = next(self._source, None)
            if found is not None:
                self._last = found[0]
                return dict(found[1])
            self.refused += 1
            if self.refused == 1:
                logger.error(self.exhaustion)
        raise ExhaustedError(self.exhaustion)

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> Row:
        return self.next()

    @property
    def exhaustion(self) -> str:
        """What is said when no row is left."""
        return f"{self.name} is exhausted after {self.total} rows; add rows, or order = 'cycle'"

    @property
    def taken_to(self) -> int:
        """One more than the position in the file of the last row that was handed out; 0 before the first."""
        return self._last + 1

    def _begin(self) -> Iterator[tuple[int, Row]]:
        index, count = self._share()
        if self.order == "unique":
            # A worker that replaces a lost one has an index beyond the count: its rows are another's.
            first = self._taken_before() + index if index < count else self.total
            return ((at, self._rows[at]) for at in range(first, self.total, count))
        own = range(index % count, self.total, count) or range(self.total)  # fewer rows than workers: all have all
        if self.order == "cycle":
            return ((at, self._rows[at]) for at in _for_ever(own))
        chance = random.Random(f"{self.name}:{index}")  # noqa: S311 (data for load, and the same in every run)
        return ((at, self._rows[at]) for at in iter(lambda: chance.choice(own), None))


def feed(path: str | os.PathLike[str], order: Order = "cycle") -> Feed:
    """Rows of a file: CSV with a header, JSON Lines (.jsonl) or a JSON array (.json); a path relative to the scenario.

    `cycle` begins again at the end, `random` draws with replacement (the same draws in every run), `unique` hands out
    each row at most once in the whole run, over all phases and workers. Each worker has rows of its own.

    Raises:
        FeedError: no such file or order, or a mistake in the file: its line is named.
    """
    if order not in get_args(Order):
        raise FeedError(f"feed {path}: order = {order!r} is none of {', '.join(map(repr, get_args(Order)))}")
    folder = Path(sys._getframe(1).f_globals.get("__file__", "scenario")).parent
    file = folder / path
    made = Feed(file.name, read_feed(file, str(path)), order)
    _made.append(made)
    _join_the_run(made)
    return made


def take_place(worker: int, workers: int) -> None:
    """From now on the feeds of this process hand out the rows of the `worker`th of so many."""
    global _place  # noqa: PLW0603 (a scenario makes its feeds when it is loaded, before anybody knows)
    _place = (worker, workers)


def exhausted() -> dict[str, tuple[int, int]]:
    """Feed → the rows of its file, and how many users were stopped as none was left; without those that lasted."""
    found: dict[str, tuple[int, int]] = {}
    for one in _made:
        if one.refused:
            found[one.name] = (one.total, found.get(one.name, (0, 0))[1] + one.refused)
    return found


def _for_ever(own: range) -> Iterator[int]:
    while True:
        yield from own


def _join_the_run(made: Feed) -> None:
    """Tell the feed its share once Locust has a runner, and leave word at the end of how far a unique one got."""
    from locust import events  # inside the load child only

    environments: list[Any] = []
    made._share = lambda: _share_of(environments[0].runner if environments else None, made.name)
    events.init.add_listener(lambda environment, **_: environments.append(environment))
    folder = _folder_of_takings()
    if made.order == "unique" and folder is not None:
        made._taken_before = lambda: _taken(folder, made.name)
        events.quitting.add_listener(lambda **_: _leave_word(folder, made))


def _share_of(runner: Any, name: str) -> tuple[int, int]:
    """This worker's index and the number of workers: perfkit's, else as Locust's master told."""
    if _place is not None:
        return _place
    if runner is None or runner.worker_index < 0:
        raise FeedError(f"{name}: make the feed at the top of the scenario, and take rows in a task or in on_start")
    if type(runner).__name__ != "WorkerRunner":
        return 0, 1
    expected = getattr(runner.environment.parsed_options, "expect_workers", 1)
    return runner.worker_index, max(int(expected), 1)


def _folder_of_takings() -> Path | None:
    """In the run's folder, where the phases of a run find it; None: Locust runs without perfkit."""
    orders = os.environ.get(VARIABLE)
    return Path(Orders.from_json(orders).shard).parent.parent / "feeds" if orders else None


def _taken(folder: Path, name: str) -> int:
    """How far the phases before this one got."""
    words = [int(file.read_text()) for file in folder.glob(_TAKEN.format(name=name, pid="*"))]
    return max(words, default=0)


def _leave_word(folder: Path, made: Feed) -> None:
    if made.taken_to:
        folder.mkdir(exist_ok=True)
        (folder / _TAKEN.format(name=made.name, pid=os.getpid())).write_text(str(made.taken_to))
