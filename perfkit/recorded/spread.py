"""How values are distributed: from the values themselves, or from buckets where they are too many to be kept.

Buckets are of equal ratio, so any quantile is within 0.1 % of the value that lies there, and their number does not grow
with that of the values. The mapping is that of DDSketch (Masson, Rim & Lee 2019). Knows no requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

ERROR: Final = 0.001
LEAST: Final = 1e-3
MOST: Final = 1e7
_RATIO: Final = (1 + ERROR) / (1 - ERROR)
_STEP: Final = float(np.log(_RATIO))
_FIRST: Final = int(np.ceil(np.log(LEAST) / _STEP))
BUCKETS: Final = int(np.ceil(np.log(MOST) / _STEP)) - _FIRST + 1
_MIDDLE: Final = 2 / (_RATIO + 1)  # of a bucket, in parts of its upper bound: equally far from both in relative terms

_BODY: Final = [part / 40 for part in range(36)]
_TAIL: Final = [1 - (10 - part) / 10**power for power in (2, 3, 4) for part in range(9)]
QUANTILES: Final = tuple(round(quantile, 6) for quantile in (*_BODY, *_TAIL, 0.9999))
_PLACES: Final = {quantile: place for place, quantile in enumerate(QUANTILES)}
_SHARES: Final = np.array(QUANTILES)

Floats: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """A distribution of `n` values (n >= 1). `n`, `mean`, `least` and `most` are exact; `quantiles` at QUANTILES are
    so where the values were kept, else within 0.1 %.
    """

    n: int
    mean: float
    least: float
    most: float
    quantiles: Floats

    def at(self, quantile: float) -> float:
        """The value at one of QUANTILES.

        Raises:
            KeyError: it is none of them.
        """
        return float(self.quantiles[_PLACES[quantile]])


class Pile:
    """Values, added a few at a time; NaN is left out. All are kept where `is_exact`, else they are counted only."""

    __slots__ = ("_counts", "_first", "_is_exact", "_least", "_most", "_n", "_parts", "_total")

    def __init__(self, *, is_exact: bool) -> None:
        self._is_exact = is_exact
        self._parts: list[Floats] = []
        self._n, self._total, self._least, self._most = 0, 0.0, np.inf, -np.inf
        self._first, self._counts = 0, np.empty(0, np.uint32)

    def add(self, values: Floats) -> None:
        missing = np.isnan(values)
        known = values[~missing] if missing.any() else values
        if not len(known):
            return
        self._n += len(known)
        self._total += float(known.sum())
        if self._is_exact:
            self._parts.append(known)
            return
        self._least, self._most = min(self._least, known.min()), max(self._most, known.max())
        buckets = buckets_of(known)
        low = int(buckets.min())
        self._count(low, np.bincount(buckets - low))

    def take(self, others: Iterable[Pile]) -> None:
        """Add all that the others were given."""
        for other in others:
            self._n, self._total = self._n + other._n, self._total + other._total
            self._least, self._most = min(self._least, other._least), max(self._most, other._most)
            self._parts.extend(other._parts)
            if len(other._counts):
                self._count(other._first, other._counts)

    def _count(self, first: int, counts: Counts) -> None:
        """Only the buckets from the lowest to the highest that hold something are there."""
        start = min(self._first, first) if len(self._counts) else first
        end = max(self._first + len(self._counts), first + len(counts)) if len(self._counts) else first + len(counts)
        if start < self._first or end - start > len(self._counts):
            grown = np.zeros(end - start, np.uint32)
            grown[self._first - start : self._first - start + len(self._counts)] = self._counts
            self._first, self._counts = start, grown
        self._counts[first - start : first - start + len(counts)] += counts.astype(np.uint32)

    def spread(self) -> Spread | None:
        """None of nothing."""
        if not self._n:
            return None
        if not self._is_exact:
            found = np.clip(quantiles_of(self._counts, self._first, _SHARES), self._least, self._most)
            return Spread(self._n, self._total / self._n, float(self._least), float(self._most), found)
        values = np.concatenate(self._parts)
        values.sort()
        return Spread(self._n, self._total / self._n, float(values[0]), float(values[-1]), _quantiles(values))


def buckets_of(values: Floats) -> npt.NDArray[np.int64]:
    """The bucket of each value, 0 to BUCKETS - 1; what is beyond LEAST or MOST counts as that."""
    places = np.ceil(np.log(np.clip(values, LEAST, MOST)) / _STEP).astype(np.int64) - _FIRST
    return np.clip(places, 0, BUCKETS - 1)


def quantiles_of(counts: Counts, first: int, shares: Floats) -> Floats:
    """The values that these shares of all reach at most, between two of them in a straight line, as for raw values.

    `counts` are of the buckets from `first` on, and hold something.
    """
    ranks = np.cumsum(counts, dtype=np.int64)
    rank = shares * float(ranks[-1] - 1)
    below, above = (
        np.exp((np.searchsorted(ranks, rounded, side="right") + first + _FIRST) * _STEP) * _MIDDLE
        for rounded in (np.floor(rank), np.ceil(rank))
    )
    found: Floats = below + (above - below) * (rank - np.floor(rank))
    return found


def _quantiles(values: Floats) -> Floats:
    """Of values in ascending order, interpolated linearly between them."""
    rank = _SHARES * (len(values) - 1)
    below = rank.astype(np.intp)
    low = values[below]
    found: Floats = low + (values[np.minimum(below + 1, len(values) - 1)] - low) * (rank - below)
    return found
