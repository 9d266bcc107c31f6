"""Changes of what is counted or read once a run: errors, payload, cache, slow SQL, memory.

There are no blocks to make an interval of, so each has an allowance, which says how far two runs may differ by nothing
but chance and the mix of requests:

- errors.ratio, cache.hit_ratio: shares of requests. Three standard errors of the two shares, at least the relative
  tolerance. From no error at all to some is a regression whatever the allowance.
- payload.*_bytes: exact for one reply, but a mean over replies that the load itself makes longer (a list grows as the
  load writes to it). The relative tolerance, at least 64 bytes.
- sql.calls_per_request: counted in the trace, one request at a time, so exact for what was asked. The relative
  tolerance, at least two calls: a feature adds a statement or two, an N+1 one for each row; and the requests of a trace
  do not all ask for the same.
- sql.slow_count: for each request, as a faster server is asked more. Three standard errors of the two counts, at least
  the relative tolerance and 5 statements. "Slow" is a threshold on a time, so it does not gate.
- memory and heap: one reading a run, with nothing to tell the noise between runs from. 5 % of the memory at the start
  and at least 5 MB; 5 points of heap utilisation. Within it nothing can be told, beyond it they do not gate either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from perfkit import units
from perfkit.judge.pairs import Index, Pair, pairs
from perfkit.model import Change, Direction, Metric, Scope, Tolerance

PAYLOAD_BYTES: Final = 64.0
SLOW_STATEMENTS: Final = 5.0
CALLS: Final = 2.0
MEMORY_BYTES, MEMORY_SHARE, HEAP_POINTS = 5e6, 0.05, 0.05
STANDARD_ERRORS: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Sides:
    """The two values to compare, and the difference that chance alone may make."""

    base: float
    head: float
    chance: float


Read = Callable[[Metric, Metric, Index, Index], _Sides]


def _share(base: Metric, head: Metric, _base: Index, _head: Index) -> _Sides:
    base_n, head_n = max(base.n or 1, 1), max(head.n or 1, 1)
    pooled = (base.value * base_n + head.value * head_n) / (base_n + head_n)
    error = math.sqrt(max(pooled * (1 - pooled), 0.0) * (1 / base_n + 1 / head_n))
    return _Sides(base.value, head.value, STANDARD_ERRORS * error)


def _exact(base: Metric, head: Metric, _base: Index, _head: Index) -> _Sides:
    return _Sides(base.value, head.value, 0.0)


def _for_each_request(base: Metric, head: Metric, base_index: Index, head_index: Index) -> _Sides:
    """Head is what its count would be for as many requests as the base had."""
    counts = [index.get(("requests.count", base.scope)) for index in (base_index, head_index)]
    made = [count.value if count and count.value > 0 else 1.0 for count in counts]
    factor = made[0] / made[1]
    error = math.sqrt(base.value + head.value * factor**2)
    return _Sides(base.value, head.value * factor, STANDARD_ERRORS * error)


def _once(base: Metric, head: Metric, base_index: Index, _head: Index) -> _Sides:
    if units.suffix_of(base.name) == "ratio":
        return _Sides(base.value, head.value, HEAP_POINTS)
    start = base_index.get(("memory.start_bytes", base.scope))
    return _Sides(base.value, head.value, max(MEMORY_BYTES, MEMORY_SHARE * (start.value if start else 0.0)))


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one metric is compared. `least` is the smallest allowance, in its unit; `of` the scopes that are compared."""

    read: Read
    of: Callable[[Scope], bool]
    is_gating: bool
    least: float = 0.0
    has_tolerance: bool = True


def _is_of_endpoint(scope: Scope) -> bool:
    return scope.endpoint is not None and scope.kind is None


def _is_of_phase(scope: Scope) -> bool:
    return scope.phase is not None


def _is_of_run(scope: Scope) -> bool:
    return scope == Scope()


RULES: Final[Mapping[str, _Rule]] = {
    "errors.ratio": _Rule(_share, _is_of_endpoint, is_gating=True),
    "payload.wire_bytes": _Rule(_exact, _is_of_endpoint, is_gating=True, least=PAYLOAD_BYTES),
    "payload.decoded_bytes": _Rule(_exact, _is_of_endpoint, is_gating=True, least=PAYLOAD_BYTES),
    "cache.hit_ratio": _Rule(_share, _is_of_endpoint, is_gating=False),
    "sql.calls_per_request": _Rule(_exact, _is_of_endpoint, is_gating=True, least=CALLS),
    "sql.slow_count": _Rule(_for_each_request, _is_of_phase, is_gating=False, least=SLOW_STATEMENTS),
    "memory.growth_bytes": _Rule(_once, _is_of_run, is_gating=False, has_tolerance=False),
    "memory.peak_bytes": _Rule(_once, _is_of_run, is_gating=False, has_tolerance=False),
    "heap.utilisation_ratio": _Rule(_once, _is_of_run, is_gating=False, has_tolerance=False),
}


def counted_changes(base: Index, head: Index, tolerance: Tolerance) -> list[Change]:
    """A change for each metric of `RULES` that either run has, in the scopes that are compared."""
    wanted = [pair for pair in pairs(base, head, RULES) if RULES[pair.name].of(pair.scope)]
    return [_change(pair, base, head, tolerance) for pair in wanted]


def _change(pair: Pair, base_index: Index, head_index: Index, tolerance: Tolerance) -> Change:
    rule = RULES[pair.name]
    if pair.base is None or pair.head is None:
        return pair.one_sided(is_gating=rule.is_gating)
    sides = rule.read(pair.base, pair.head, base_index, head_index)
    margin = max(rule.least, tolerance.relative * abs(sides.base)) if rule.has_tolerance else 0.0
    direction = _direction(pair, sides, margin)
    relative = sides.head / sides.base - 1 if sides.base > 0 else None
    message = _message(direction, pair, sides, max(margin, sides.chance))
    return pair.change(direction, message, is_gating=rule.is_gating, relative=relative)


def _direction(pair: Pair, sides: _Sides, margin: float) -> Direction:
    difference = sides.head - sides.base
    if abs(difference) > max(margin, sides.chance) or _is_first_error(pair.name, sides):
        return "improved" if (difference > 0) == pair.is_higher_better else "regressed"
    return "same" if RULES[pair.name].has_tolerance else "inconclusive"


def _is_first_error(name: str, sides: _Sides) -> bool:
    return name == "errors.ratio" and sides.base == 0 < sides.head


def _message(direction: Direction, pair: Pair, sides: _Sides, allowance: float) -> str:
    shown = units.show_limit(pair.name, allowance)
    values = [units.show_metric(pair.name, value) for value in (sides.base, sides.head)]
    scaled = (
        f"; for as many requests, {values[0]} and {values[1]}" if RULES[pair.name].read is _for_each_request else ""
    )
    match direction:
        case "same":
            return f"the same within {shown}{scaled}" if allowance else "the same"
        case "inconclusive":
            return f"cannot be told: chance alone may make a difference of {shown}{scaled}"
    if _is_first_error(pair.name, sides):
        return "regressed: there was no error before"
    return f"{direction} beyond the {shown} that chance may make{scaled}"
