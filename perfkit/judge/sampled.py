"""Changes of what varies from second to second: latencies and throughput, compared by blocks with an interval.

The estimate and its interval are of block summaries, weighted by their requests; base and head are of the whole runs.
The interval decides against the tolerance: improved or regressed beyond it, same within it, tiny where it is within it
and yet not zero; anything else is inconclusive. Gating changes are a family, corrected for its size (Holm).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from perfkit import units
from perfkit.judge.bootstrap import LEAST_BLOCKS, Block, Estimate, compare_blocks, holm
from perfkit.judge.pairs import Index, Pair, pairs
from perfkit.model import Change, Direction, Metric, Scope, Tolerance

THROUGHPUT: Final = "throughput.requests_per_s"
LATENCIES: Final = ("latency.avg_ms", "latency.p50_ms", "latency.p95_ms")
COMPARED: Final = (*LATENCIES, THROUGHPUT)
# Requests in a block: one beyond the percentile to tell it at all, ten beyond it to gate.
_TO_TELL: Final = {"latency.p95_ms": 20.0}
_TO_GATE: Final = {"latency.p50_ms": 20.0, "latency.p95_ms": 200.0}

_HOPELESS: Final = 5.0

Series = Mapping[tuple[str, Scope], Sequence[Block]]


@dataclass(frozen=True, slots=True)
class _Trial:
    """One comparison on its way to a verdict; between the log ratios `down` and `up` a change does not count."""

    pair: Pair
    estimate: Estimate
    down: float
    up: float
    is_gating: bool

    @property
    def p_value(self) -> float:
        """Two-sided, of "the change is within the tolerance"."""
        return min(1.0, 2 * min(self.estimate.p_above(self.up), self.estimate.p_below(self.down)))


def sampled_changes(
    base: Index,
    head: Index,
    base_blocks: Sequence[Sequence[Metric]],
    head_blocks: Sequence[Sequence[Metric]],
    tolerance: Tolerance,
) -> list[Change]:
    """A change for each latency of each endpoint and of the total, and for the throughput of each phase."""
    series = _series(base_blocks), _series(head_blocks)
    wanted = [pair for pair in pairs(base, head, set(COMPARED)) if _is_compared(pair)]
    tried = [_try(pair, *series, tolerance) for pair in wanted]
    trials = [trial for trial in tried if isinstance(trial, _Trial)]
    family = [trial for trial in trials if trial.is_gating]
    stands = {trial.pair: stand for trial, stand in zip(family, holm([it.p_value for it in family]), strict=True)}
    decided = [_decide(trial, stands.get(trial.pair), len(family), tolerance) for trial in trials]
    return [*decided, *(change for change in tried if isinstance(change, Change))]


def _is_compared(pair: Pair) -> bool:
    """Throughput is of whole phases: an endpoint's share of it is the scenario's doing."""
    return pair.name in LATENCIES or pair.scope.endpoint is None


def _series(blocks: Iterable[Iterable[Metric]]) -> Series:
    """The (value, weight) of each metric in each block that has it. Throughputs of equal blocks weigh the same."""
    series: dict[tuple[str, Scope], list[Block]] = {}
    for block in blocks:
        for metric in block:
            if metric.name in COMPARED:
                weight = 1.0 if metric.name == THROUGHPUT else float(metric.n or 1)
                series.setdefault((metric.name, metric.scope), []).append((metric.value, weight))
    return series


def _try(pair: Pair, base_series: Series, head_series: Series, tolerance: Tolerance) -> _Trial | Change:
    """The estimate of a pair, or at once an inconclusive change where there can be none."""
    sides = [series.get((pair.name, pair.scope), []) for series in (base_series, head_series)]
    requests = min(_mean_weight(side) for side in sides)
    of_something = pair.name == THROUGHPUT or pair.scope.endpoint is not None
    is_gating = of_something and requests >= _TO_GATE.get(pair.name, 0.0)
    if pair.base is None or pair.head is None:
        return pair.one_sided(is_gating=of_something)
    if fewest := _too_few(sides):
        message = f"measured in {fewest} of the {LEAST_BLOCKS} blocks of time that are needed: measure longer"
        return pair.change("inconclusive", message, is_gating=is_gating)
    if requests < _TO_TELL.get(pair.name, 0.0):
        return pair.change("inconclusive", "too few requests in a block of time: measure longer", is_gating=False)
    estimate = compare_blocks(*sides)
    if estimate is None:
        return pair.change("inconclusive", "from or to nothing at all there is no ratio", is_gating=is_gating)
    down, up = _margins(pair.base, tolerance)
    return _Trial(pair, estimate, down, up, is_gating)


def _too_few(sides: Iterable[Sequence[Block]]) -> str:
    """How many blocks the poorer side has, where that is too few, else nothing."""
    fewest = min(map(len, sides))
    return str(fewest or "none") if fewest < LEAST_BLOCKS else ""


def _mean_weight(blocks: Sequence[Block]) -> float:
    return sum(weight for _, weight in blocks) / len(blocks) if blocks else 0.0


def _margins(base: Metric, tolerance: Tolerance) -> tuple[float, float]:
    """Log ratios of the tolerance: beyond both the relative and, for times, the absolute margin."""
    is_time = units.suffix_of(base.name) == "ms"
    share = max(tolerance.relative, tolerance.absolute_ms / base.value if is_time and base.value > 0 else 0.0)
    return math.log1p(-share) if share < 1 else -math.inf, math.log1p(share)


def _decide(trial: _Trial, stands: bool | None, family: int, tolerance: Tolerance) -> Change:
    """`stands`: whether a gating change is still beyond the tolerance after the correction; None for the others."""
    low, high = trial.estimate.interval()
    direction = _direction(low, high, trial)
    message = _message(direction, trial, tolerance)
    if direction in {"improved", "regressed"} and stands is False:
        direction, message = "inconclusive", f"looks {direction}, but does not stand among {family} comparisons (Holm)"
    return trial.pair.change(
        direction,
        message,
        is_gating=trial.is_gating,
        relative=_relative(trial.estimate.log_ratio),
        interval=(_relative(low), _relative(high)),
    )


def _direction(low: float, high: float, trial: _Trial) -> Direction:
    if low > trial.up:
        return "improved" if trial.pair.is_higher_better else "regressed"
    if high < trial.down:
        return "regressed" if trial.pair.is_higher_better else "improved"
    if trial.down <= low and high <= trial.up:
        return "same" if low <= 0 <= high else "tiny"
    return "inconclusive"


def _relative(log_ratio: float) -> float:
    return math.expm1(min(log_ratio, 700.0))


def _message(direction: Direction, trial: _Trial, tolerance: Tolerance) -> str:
    margin = f"{tolerance.relative:.0%}"
    if trial.pair.name != THROUGHPUT:
        margin += f" and {units.show_limit('_ms', tolerance.absolute_ms)}"
    match direction:
        case "improved" | "regressed":
            return f"{direction} by more than {margin}"
        case "same":
            return f"the same within {margin}"
        case "tiny":
            return f"changed, but by less than {margin}"
    found = _relative(trial.estimate.detectable(trial.up))
    if found > _HOPELESS:
        return "cannot be told: the blocks of time differ too much among themselves"
    return f"cannot be told: only a change of {found:.0%} or more would be found in 4 of 5 such measurements"
