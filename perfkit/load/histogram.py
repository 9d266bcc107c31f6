"""Durations in buckets of equal ratio, which many processes fill and one adds up: any percentile within 0.1 %.

Its size does not grow with the number of durations: from a microsecond to three hours there are 11,600 buckets, and
only those with something in them are sent. Knows no requests.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from perfkit.recorded.spread import BUCKETS, buckets_of, quantiles_of

_AT, _COUNT = np.dtype("<u2"), np.dtype("<u4")


class Histogram:
    """How many durations (ms) lie in which bucket. What is shorter or longer than the bounds counts as the bound."""

    def __init__(self, values_ms: Sequence[float] = ()) -> None:
        self._counts = np.zeros(BUCKETS, np.int64)
        if len(values_ms):
            self._counts += np.bincount(buckets_of(np.asarray(values_ms, np.float64)), minlength=BUCKETS)

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
        if not self.total:
            return None
        return float(quantiles_of(self._counts, 0, np.array([share]))[0])

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
