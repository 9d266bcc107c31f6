"""Whether a change makes a statement faster: both sides really run, in turn, on the same server. Believes no estimate.

A side is a transaction in which some indexes were dropped; it then gets READ ONLY, runs the statement, and is rolled
back. Verdict by order statistics of the paired ratios: they need no assumption on how times are distributed.
"""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from perfkit.explain.advise.asked.workload import Task
from perfkit.explain.advise.plan_shape import PLAN, shape
from perfkit.explain.advise.session import OutOfTime, Session
from perfkit.model import Effect

PAIRS: Final = 9  # the fewest of which one may disagree: a machine that others use disturbs one of them now and then
MIN_CHANGE: Final = 0.03
MIN_CHANGE_MS: Final = 0.02
RUN: Final = "ANALYZE, BUFFERS, TIMING OFF, SUMMARY ON, FORMAT JSON"

_CONFIDENCE: Final = 0.95
_WORTH_MS: Final = 3.0  # a reading is made of so many runs that it takes about this long
_MAX_RUNS: Final = 15
_BLOCKS: Final = ("Shared Hit Blocks", "Shared Read Blocks", "Local Hit Blocks", "Local Read Blocks")

Rows = Literal["same", "order", "differ", "unstable"]
Outcome = Literal["faster", "same", "slower"]


@dataclass(frozen=True, slots=True)
class _Reading:
    ms: float
    blocks: float
    shapes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Digest:
    """Of all rows: once in their order, once in any."""

    ordered: str
    unordered: int


def compare(
    session: Session, task: Task, before: Sequence[str], after: Sequence[str] = (), pairs: int = PAIRS
) -> Effect:
    """The effect of a change on one statement. `before` and `after` are what each side drops first.

    Both sides run once to warm up, and their rows are compared. Where both have the same plan, that is all: one pair.

    Raises:
        OutOfTime: the budget does not reach for it.
        Refused: the server refuses the statement.
    """
    warm = [_read(session, task, side, 1) for side in (before, after)]
    rows = _rows(session, task, before, after)
    if warm[0].shapes == warm[1].shapes:  # the same plan does the same work: once each is enough to see that it runs
        return _effect(task, [(warm[0], warm[1])], rows)
    runs = [max(1, min(_MAX_RUNS, math.ceil(_WORTH_MS / max(0.01, one.ms)))) for one in warm]
    needed_s = sum(one.ms * count for one, count in zip(warm, runs, strict=True)) * len(task.sets) * pairs / 1e3
    if session.meter.spent_s + needed_s > session.meter.limit_s:
        raise OutOfTime
    readings: list[tuple[_Reading, _Reading]] = []
    for number in range(pairs):
        is_turned = number % 2 == 1
        sides = [(before, runs[0]), (after, runs[1])]
        first, second = (_read(session, task, *side) for side in (reversed(sides) if is_turned else sides))
        readings.append((second, first) if is_turned else (first, second))
    return _effect(task, readings, rows)


def _read(session: Session, task: Task, drops: Sequence[str], runs: int) -> _Reading:
    """Time of one execution (planning too): the median of the runs, the mean over the value sets. Planned once before
    it counts."""
    shapes, ms, blocks = [], 0.0, 0.0
    with session.reading(*drops):
        for values in task.sets:
            shapes.append(shape(session.explain(PLAN, task.sql, values)))
            documents = [session.explain(RUN, task.sql, values) for _ in range(runs)]
            ms += statistics.median(_ms(document) for document in documents)
            blocks += statistics.fmean(_blocks(document) for document in documents)
    return _Reading(ms / len(task.sets), blocks / len(task.sets), tuple(shapes))


def _ms(document: Any) -> float:
    return float(document["Planning Time"]) + float(document["Execution Time"])


def _blocks(document: Any) -> float:
    return float(sum(document["Plan"].get(key, 0) for key in _BLOCKS))


def _effect(task: Task, readings: Sequence[tuple[_Reading, _Reading]], rows: Rows) -> Effect:
    ratios = sorted(after.ms / max(before.ms, 1e-6) for before, after in readings)
    before, after = (statistics.median(pair[side].ms for pair in readings) for side in (0, 1))
    interval = median_interval(ratios)
    is_alike = readings[0][0].shapes == readings[0][1].shapes
    return Effect(
        fingerprint=task.fingerprint,
        statement=task.sql,
        calls=task.calls,
        before_ms=before,
        after_ms=after,
        ratio=statistics.median(ratios),
        interval=interval,
        before_blocks=statistics.median(pair[0].blocks for pair in readings),
        after_blocks=statistics.median(pair[1].blocks for pair in readings),
        outcome="same" if is_alike else _outcome(statistics.median(ratios), interval, after - before),
        rows=rows,
        pairs=len(readings),
    )


def median_interval(ordered: Sequence[float]) -> tuple[float, float]:
    """The narrowest interval between order statistics that holds the median with 95 %: of nine, the inner seven."""
    count, cut = len(ordered), 0
    while cut + 1 < count / 2 and _coverage(count, cut + 1) >= _CONFIDENCE:
        cut += 1
    return ordered[cut], ordered[count - 1 - cut]


def _coverage(count: int, cut: int) -> float:
    return 1.0 - 2.0 * sum(math.comb(count, k) for k in range(cut + 1)) / 2.0**count


def _outcome(ratio: float, interval: tuple[float, float], change_ms: float) -> Outcome:
    if abs(change_ms) < MIN_CHANGE_MS or abs(ratio - 1.0) < MIN_CHANGE:
        return "same"
    if interval[1] < 1.0:
        return "faster"
    return "slower" if interval[0] > 1.0 else "same"


def _rows(session: Session, task: Task, before: Sequence[str], after: Sequence[str]) -> Rows:
    """What becomes of the result. A statement whose rows change by themselves proves nothing either way."""
    first, second = _digest(session, task, before), _digest(session, task, after)
    if first == second:
        return "same"
    if first.unordered == second.unordered:
        return "order"
    return "unstable" if _digest(session, task, before).unordered != first.unordered else "differ"


def _digest(session: Session, task: Task, drops: Sequence[str]) -> _Digest:
    ordered, unordered = hashlib.blake2b(digest_size=16), 0
    with session.reading(*drops):
        for number, values in enumerate(task.sets):
            for row in session.stream(task.sql, values):
                cells = b"\0".join(b"\1" if cell is None else b"\2" + cell for cell in row)
                one = hashlib.blake2b(b"%d:" % number + cells, digest_size=16).digest()
                ordered.update(one)
                unordered += int.from_bytes(one, "big")
    return _Digest(ordered.hexdigest() if task.is_ordered else "", unordered)
