"""What changed about leaks between two runs: each resource of each leak phase, before and after. Knows verdicts only.

Two growths differ when the 95 % interval of their difference says so, not when two slopes do: what an allocator keeps
by chance stays, so errors add up from round to round, and the interval of one slope is too narrow to be held against
another. The steps from floor to floor have no such memory: the interval is that of Hodges and Lehmann (1963), exact by
the rank sum, and one burst among eight rounds does not move it. The first step is left out: a cache may still fill.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from perfkit.model import Change, Direction, LeakChange, LeakVerdict, Scope, Tolerance

_LEAST_STEPS: Final = 4  # fewer have no 95 % interval
_LEVEL: Final = 0.05
_GROWS: Final = ("LEAK", "RETAINED")
_METRICS: Final = {"memory": "leak.per_request_bytes", "heap": "leak.per_request_bytes"}
_COUNTED: Final = "leak.per_1000_requests_count"


def leak_changes(
    base: Sequence[LeakVerdict], head: Sequence[LeakVerdict], tolerance: Tolerance
) -> tuple[LeakChange, ...]:
    """One for each resource and leak phase that was judged in either run, in the order of base, then head."""
    sides = [{(verdict.phase, verdict.resource): verdict for verdict in verdicts} for verdicts in (base, head)]
    keys = dict.fromkeys([*sides[0], *sides[1]])
    return tuple(_leak_change(sides[0].get(key), sides[1].get(key), key, tolerance) for key in keys)


def _leak_change(
    before: LeakVerdict | None, after: LeakVerdict | None, key: tuple[str, str], tolerance: Tolerance
) -> LeakChange:
    phase, resource = key
    metric = _METRICS.get(resource, _COUNTED)
    scale = 1.0 if resource in _METRICS else 1000.0
    difference = None if before is None or after is None else growth_difference(before, after)
    direction, message = _decided(before, after, difference, tolerance.relative)
    change = Change(
        metric=metric,
        scope=Scope(phase=phase, kind=resource),
        base=before.per_request * scale if before else None,
        head=after.per_request * scale if after else None,
        relative=_relative(before, after),
        interval=None,
        direction=direction,
        is_gating=before is not None and "RETAINED" not in (before.outcome, after.outcome if after else ""),
        message=message,
        difference=difference and (difference[0] * scale, difference[1] * scale),
    )
    return LeakChange(phase, resource, before, after, change)


def _relative(before: LeakVerdict | None, after: LeakVerdict | None) -> float | None:
    """head / base - 1, -1 for what does not grow any more; None where the base did not: a multiple of noise is none."""
    if before is None or after is None or before.outcome not in _GROWS or before.per_request <= 0:
        return None
    return -1.0 if after.outcome == "OK" else max(after.per_request, 0.0) / before.per_request - 1


def _decided(
    before: LeakVerdict | None, after: LeakVerdict | None, difference: tuple[float, float] | None, relative: float
) -> tuple[Direction, str]:
    """The direction, and why."""
    if before is None or after is None:
        return "inconclusive", f"was not judged in the {'base' if before is None else 'head'} run"
    outcomes = f"{before.outcome} → {after.outcome}"
    if "INCONCLUSIVE" in (before.outcome, after.outcome):
        return "inconclusive", f"{outcomes}: one of the runs has no verdict"
    if before.outcome == after.outcome == "OK":
        return "same", "it does not leak, before or after"
    if difference is None:
        return "inconclusive", f"{outcomes}: too few rounds to compare how it grows"
    direction = _direction(difference, relative * max(before.per_request, 0.0))
    said = "growth cannot be told apart: drive more rounds" if direction == "inconclusive" else f"growth {direction}"
    return direction, f"{outcomes}: {said}"


def _direction(difference: tuple[float, float], margin: float) -> Direction:
    low, high = difference
    if low > margin:
        return "regressed"
    if high < -margin:
        return "improved"
    if -margin <= low and high <= margin:
        return "same" if low <= 0 <= high else "tiny"
    return "inconclusive"


def growth_difference(before: LeakVerdict, after: LeakVerdict) -> tuple[float, float] | None:
    """The 95 % interval of how much more a request leaves behind after than before, in the resource's unit; None with
    fewer than four rounds.
    """
    old, new = _steps(before), _steps(after)
    dropped = _dropped(len(old), len(new))
    if dropped is None:
        return None
    differences = sorted(late - early for early in old for late in new)
    return differences[dropped], differences[-1 - dropped]


def _steps(verdict: LeakVerdict) -> list[float]:
    """Growth a request of each round but the first."""
    steps = [(after - before) / verdict.requests for before, after in pairwise(verdict.floors)]
    return steps[1:] if len(steps) > _LEAST_STEPS else steps


@cache
def _dropped(n: int, m: int) -> int | None:
    """How many of the n·m differences lie below a 95 % interval, and as many above; None when there are too few."""
    total, below = math.comb(n + m, n), 0
    for rank_sum in range(n * m + 1):
        below += _ways(n, m, rank_sum)
        if below / total > _LEVEL / 2:
            return rank_sum - 1 if rank_sum else None
    return None


@cache
def _ways(n: int, m: int, rank_sum: int) -> int:
    """Orders of n and m values in which the statistic of Mann and Whitney (1947) is `rank_sum`."""
    if rank_sum < 0:
        return 0
    if n == 0 or m == 0:
        return int(rank_sum == 0)
    return _ways(n - 1, m, rank_sum - m) + _ways(n, m - 1, rank_sum)
