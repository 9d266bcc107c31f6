"""What samplers read, as plain arrays, in bounded memory. Knows when phases began and ended; no metric.

A long phase has more readings than anybody can look at: a day at 4 Hz is 350,000 of each kind. Beyond 4,096 in one
stretch of a run (before a phase, its warm-up, its measured part, after it) neighbours are joined: their mean, the
highest of them and their number are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from perfkit.recorded.columns import Codes, Encoded, Floats, encoded, floats
from perfkit.recorded.rows import Source, stretches

MOST: Final = 4_096
_PIECE: Final = 8_192
_OWN: Final = "perfkit"


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What one sampler read of one thing, in order of time (unix seconds). Each entry stands for `counts` readings: it
    holds their mean, and the highest of them.
    """

    at: Floats
    values: Floats
    highs: Floats
    counts: Floats

    def __len__(self) -> int:
        """How many readings there were."""
        return int(self.counts.sum())

    @property
    def highest(self) -> float:
        return float(self.highs.max())

    @property
    def total(self) -> float:
        """The sum of all readings."""
        return float((self.values * self.counts).sum())

    @property
    def mean(self) -> float:
        return self.total / len(self)

    def between(self, start: float, end: float) -> Readings:
        """Those from `start` to `end`, both included."""
        return self[slice(np.searchsorted(self.at, start), np.searchsorted(self.at, end, side="right"))]

    def __getitem__(self, chosen: slice | Codes) -> Readings:
        return Readings(*(getattr(self, name)[chosen] for name in self.__slots__))


NO_READINGS: Final = Readings(*(np.empty(0) for _ in range(4)))
Series: TypeAlias = Mapping[tuple[str, str], Readings]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """All readings of a run: (source, metric) → what was read. `looks`: how often anything but perfkit itself was."""

    series: Series = field(default_factory=dict)
    looks: int = 0

    def of(self, source: str, metric: str) -> Readings:
        """Empty where nothing was read."""
        return self.series.get((source, metric), NO_READINGS)


def read_samples(sources: Iterable[Source], edges: Iterable[float] = (), most: int = MOST) -> Samples:
    """The streams of Sample rows, in which no readings of before and after one of `edges` (unix seconds) are joined."""
    stretches_of_time = np.array(sorted(set(edges)))
    kept: dict[tuple[str, str], dict[int, _Kept]] = {}
    looks = 0
    for source in sources:
        for _, table in stretches(source, _PIECE):
            origin, metric = encoded(table.column("source")), encoded(table.column("metric"))
            at, values = floats(table.column("at")), floats(table.column("value"))
            looks += _looks(origin, at)
            where = np.searchsorted(stretches_of_time, at, side="right")
            for key, place, chosen in _groups(origin, metric, where):
                kept.setdefault(key, {}).setdefault(place, _Kept(most)).add(at[chosen], values[chosen])
    return Samples({key: _joined([kept[key][place] for place in sorted(kept[key])]) for key in sorted(kept)}, looks)


def _looks(source: Encoded, at: Floats) -> int:
    """What is read at once is stamped once; one stamp of one source is one look."""
    others = np.array([word != _OWN for word in source.words], dtype=bool)[source.codes]
    changed = np.ones(len(at), dtype=bool)
    changed[1:] = (np.diff(at) != 0) | (np.diff(source.codes) != 0)
    return int((changed & others).sum())


def _groups(source: Encoded, metric: Encoded, where: Codes) -> Iterable[tuple[tuple[str, str], int, Codes]]:
    """((source, metric), stretch of time, positions) of each that occurs."""
    parts = int(where.max(initial=0)) + 1
    keys = (source.codes.astype(np.int64) * len(metric.words) + metric.codes) * parts + where
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    for start, end in pairwise([*starts.tolist(), len(keys)]):
        code, place = divmod(int(keys[order[start]]), parts)
        yield (source.words[code // len(metric.words)], metric.words[code % len(metric.words)]), place, order[start:end]


class _Kept:
    """The readings of one thing in one stretch of time: all of them, or equally many joined in each entry."""

    def __init__(self, most: int) -> None:
        self._most, self._width, self._size = most, 1, 0
        self._parts: list[Readings] = []

    def add(self, at: Floats, values: Floats) -> None:
        self._parts.append(Readings(at, values, values, np.ones(len(at))))
        self._size += len(at)
        if self._size > 2 * self._most:
            self._join()

    def _join(self) -> None:
        whole = self.readings()
        while len(whole.at) > self._most:
            self._width *= 2
            whole = _coarser(whole, self._width)
        self._parts, self._size = [whole], len(whole.at)

    def readings(self) -> Readings:
        whole = concatenated(self._parts)
        return whole[np.argsort(whole.at, kind="stable")]

    def final(self) -> Readings:
        if self._size > self._most:
            self._join()
        return self.readings()


def _coarser(readings: Readings, width: int) -> Readings:
    """With as many entries joined as make `width` readings."""
    begun = np.cumsum(readings.counts) - readings.counts
    starts = np.flatnonzero(np.diff(begun // width, prepend=-1))
    counts = np.add.reduceat(readings.counts, starts)
    at, values = (np.add.reduceat(of * readings.counts, starts) / counts for of in (readings.at, readings.values))
    return Readings(at, values, np.maximum.reduceat(readings.highs, starts), counts)


def _joined(kept: Sequence[_Kept]) -> Readings:
    return concatenated([one.final() for one in kept])


def concatenated(parts: Sequence[Readings]) -> Readings:
    """One after the other."""
    return Readings(*(np.concatenate([getattr(part, name) for part in parts]) for name in Readings.__slots__))
