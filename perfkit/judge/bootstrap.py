"""How far two runs differ, from summaries of their blocks. Knows numbers and weights; no metric and no tolerance.

Requests are no replicates: neighbours share the state of the server, so an interval over them is far too narrow. Blocks
of seconds are resampled instead, in moving stretches, as neighbouring blocks are alike too. Few stretches give a
standard error that is itself uncertain and too small; the factor n / (n - length) and Student's t undo that, with 1.5
degrees of freedom for each stretch but one, as the stretches overlap (Meketon & Schmeiser 1984).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from perfkit.judge import student

DRAWS: Final = 2000
LEAST_BLOCKS: Final = 4
_ROUNDING: Final = 1e-12
_BASE_SEED, _HEAD_SEED = 20_250_917, 20_250_918

Floats: TypeAlias = npt.NDArray[np.float64]
Block = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """ln(head / base) with its standard error and the degrees of freedom of that."""

    log_ratio: float
    error: float
    freedom: int

    def interval(self, share: float = 0.95) -> tuple[float, float]:
        """The log ratios that are not excluded."""
        reach = student.quantile((1 + share) / 2, self.freedom) * self.error
        return self.log_ratio - reach, self.log_ratio + reach

    def p_above(self, threshold: float) -> float:
        """One-sided p value of "the log ratio is not above the threshold"; blocks without any spread decide alone."""
        beyond = self.log_ratio - threshold
        if self.error == 0:
            return 0.0 if beyond > 0 else 1.0
        return student.tail(beyond / self.error, self.freedom)

    def p_below(self, threshold: float) -> float:
        """One-sided p value of "the log ratio is not below the threshold"."""
        return Estimate(-self.log_ratio, self.error, self.freedom).p_above(-threshold)

    def detectable(self, threshold: float) -> float:
        """The log ratio that would be found beyond the threshold in 80 % of such measurements."""
        reach = student.quantile(0.975, self.freedom) + student.quantile(0.8, self.freedom)
        return threshold + reach * self.error


def compare_blocks(base: Sequence[Block], head: Sequence[Block]) -> Estimate | None:
    """The ratio of two weighted means of block summaries, (value, weight) each, in the order of time.

    None where a mean is 0, as there is no ratio then.

    Raises:
        ValueError: fewer than four blocks on a side.
    """
    sides = [_side(blocks, seed) for blocks, seed in ((base, _BASE_SEED), (head, _HEAD_SEED))]
    if any(math.isnan(mean) for mean, _, _ in sides):
        return None
    (base_mean, base_error, base_freedom), (head_mean, head_error, head_freedom) = sides
    error = math.hypot(base_error, head_error)
    freedom = base_freedom + head_freedom
    if error > 0:  # Welch and Satterthwaite
        freedom = error**4 / (base_error**4 / base_freedom + head_error**4 / head_freedom)
    return Estimate(head_mean - base_mean, error, max(int(freedom + 1e-9), 1))


def _side(blocks: Sequence[Block], seed: int) -> tuple[float, float, float]:
    """The log of the weighted mean, its standard error and degrees of freedom."""
    count = len(blocks)
    if count < LEAST_BLOCKS:
        raise ValueError(f"{count} blocks are fewer than {LEAST_BLOCKS}")
    values, weights = np.array(blocks, dtype=np.float64).T
    mean = float(values @ weights / weights.sum())
    if mean <= 0:
        return math.nan, math.nan, 1.0
    length = stretch(count)
    drawn = _resamples(count, length, seed)
    means = drawn @ (values * weights) / (drawn @ weights) / mean
    # The spread of the logs is the more careful of the two; where a draw is all zeros there is only the other.
    spread = float(np.log(means).std() if means.min() > 0 else means.std())
    error = spread * math.sqrt(count / (count - length)) if spread > _ROUNDING else 0.0
    return math.log(mean), error, 1.5 * (count / length - 1)


def stretch(count: int) -> int:
    """How many neighbouring blocks are drawn together: the square root of their number.

    More than the cube root that is best for long series: a gate must not be surprised by a few slow seconds.
    """
    return math.isqrt(count)


@lru_cache(maxsize=64)
def _resamples(count: int, length: int, seed: int) -> Floats:
    """How often each block is in each draw, DRAWS × count: moving stretches on a circle. The same at every call."""
    stretches = -(-count // length)
    starts = np.random.default_rng(seed).integers(0, count, (DRAWS, stretches, 1))
    chosen = ((starts + np.arange(length)) % count).reshape(DRAWS, -1)[:, :count]
    drawn = np.zeros((DRAWS, count))
    np.add.at(drawn, (np.arange(DRAWS)[:, None], chosen), 1.0)
    return drawn


def holm(p_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """Which hypotheses of a family fall, with the chance of any false one at most `level`. Holm 1979."""
    falls = [False] * len(p_values)
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        if p_values[position] > level / (len(p_values) - rank):
            break
        falls[position] = True
    return falls
