"""Durations in buckets of equal ratio, which many processes fill and one adds up: any percentile within 0.1 %.

Its size does not grow with the number of durations: from a microsecond to three hours there are 11,600 buckets, and
only those with something in them are sent. The mapping is that of DDSketch (Masson, Rim & Lee 2019). Knows no requests.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

ERROR: Final = 0.001
SHORTEST_MS: Final = 1e-3
LONGEST_MS: Final = 1e7
_RATIO: Final = (1 + ERROR) / (1 - ERROR)
_STEP: Final = float(np.log(_RATIO))
_FIRST: Final = int(np.ceil(np.log(SHORTEST_MS) / _STEP))
_BUCKETS: Final = int(np.ceil(np.log(LONGEST_MS) / _STEP)) - _FIRST + 1
_MIDDLE: Final = 2 / (_RATIO + 1)  # of a bucket, in parts of its upper bound: equally far from both in relative terms
_AT, _COUNT = np.dtype("<u2"), np.dtype("<u4")


class Histogram:
    """How many durations (ms) lie in which bucket. What is shorter or longer than the bounds counts as the bound."""

    def __init__(self, values_ms: Sequence[float] = ()) -> None:
        self._counts = np.zeros(_BUCKETS, np.int64)
        if len(values_ms):
            clipped = np.clip(np.asarray(values_ms, np.float64), SHORTEST_MS, LONGEST_MS)
            buckets = np.ceil(np.log(clipped) / _STEP).astype(np.int64) - _FIRST
            self._counts += np.bincount(np.clip(buckets, 0, _BUCKETS - 1), minlength=_BUCKETS)

    @property
    def total(self) -> int:
        return int(self._counts.sum())

    def add(self, other: Histogram) -> None:
        """Take in what another one counted."""
        self._counts += other._counts

    def quantile(self, share: float) -> float | None:
        """The duration (ms) that this share of all reaches at most, within 0.1 %; None of nothing.

        Between two durations in a straight line, as percentiles of the rows are.
        """
        ranks = np.cumsum(self._counts)
        if not ranks[-1]:
            return None
        rank = share * float(ranks[-1] - 1)
        below, above = (self._at(ranks, rounded) for rounded in (np.floor(rank), np.ceil(rank)))
        return below + (above - below) * (rank - float(np.floor(rank)))

    @staticmethod
    def _at(ranks: Any, rank: Any) -> float:
        bucket = int(np.searchsorted(ranks, rank, side="right"))
        return float(np.exp((bucket + _FIRST) * _STEP) * _MIDDLE)

    def to_bytes(self) -> bytes:
        """The buckets that hold something."""
        at = np.flatnonzero(self._counts)
        counts = np.minimum(self._counts[at], np.iinfo(_COUNT).max)
        return zlib.compress(np.diff(at, prepend=0).astype(_AT).tobytes() + counts.astype(_COUNT).tobytes(), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Histogram:
        """What `to_bytes` made."""
        raw, made = zlib.decompress(data), cls()
        number = len(raw) // (_AT.itemsize + _COUNT.itemsize)
        at = np.cumsum(np.frombuffer(raw, _AT, number).astype(np.int64))
        made._counts[at] = np.frombuffer(raw, _COUNT, number, number * _AT.itemsize)
        return made


class Fresh(NamedTuple):
    """The response times of a tick."""

    warmup: Histogram
    measured: Histogram

    @property
    def both(self) -> Histogram:
        """All of them."""
        both = Histogram()
        both.add(self.warmup)
        both.add(self.measured)
        return both
