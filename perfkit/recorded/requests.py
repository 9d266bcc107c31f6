"""The requests of a run, read from disk a piece at a time: however many there are, few are in memory.

Knows what lies where, and which columns make a latency; judges nothing, and sums up nothing but what there is of each
phase.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa

from perfkit.endpoints import Names
from perfkit.recorded.chunks import Part, Rows, Tally, tallied
from perfkit.recorded.columns import Floats, Mask, Vocabulary, encoded, flags, floats
from perfkit.recorded.rows import Source, Stretch, read_stretch, stretches
from perfkit.recorded.spread import ERROR
from perfkit.redact import redact_query

MOST_EXACT: Final = 500_000  # of so many, chance alone moves a percentile by more than the 0.1 % of the buckets
_CHUNK: Final = 16_384
_SPAN: Final = 65_536
_SMALLEST: Final = 512
_MOST_MESSAGES: Final = 10_000
_TIMEOUT: Final = "timeout"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a stream, and from when to when its requests were meant to start."""

    stretch: Stretch
    phases: tuple[str, ...]
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which requests: of a phase (None: of all), meant to start from `since` on and before `until`."""

    phase: str | None = None
    since: float = -math.inf
    until: float = math.inf
    with_warmup: bool = False
    by_endpoint: bool = True


class Requests:
    """All requests of a run. Of a phase that has more than `most_exact` no values are to be kept, but summed up.

    `tallies` is by phase, in the order in which they began. `endpoints`, `caches` and `errors` are the words that
    occur; of more than 500 endpoints the names are patterns, and `notes` tells so.
    """

    def __init__(self, sources: Iterable[Source], most_exact: int = MOST_EXACT) -> None:
        self.most_exact = most_exact
        self._names, self._caches, self._errors = Names(), Vocabulary(), Vocabulary()
        (self._timeout,) = self._errors.codes([_TIMEOUT])
        self._pieces: list[_Piece] = []
        tallies: dict[str, Tally] = {}
        streams = list(sources)  # the more write at once, the more pieces are of the same time
        for source in streams:
            for stretch, table in stretches(source, max(_CHUNK // max(len(streams), 4), _SMALLEST)):
                self._enter(stretch, table, tallies)
        self._names.settle()
        self.tallies: Mapping[str, Tally] = dict(sorted(tallies.items(), key=lambda item: item[1].started_at))
        self.endpoints, self.caches, self.errors = self._names.words, self._caches.words, self._errors.words
        self._since, self._until = (np.array([getattr(one, key) for one in self._pieces]) for key in ("since", "until"))
        self._sizes = np.array([one.stretch.rows for one in self._pieces], np.int64)

    def __len__(self) -> int:
        return sum(tally.requests for tally in self.tallies.values())

    @property
    def since(self) -> float:
        """When the first was meant to start, in unix seconds; infinite where there is none."""
        return float(self._since.min(initial=math.inf))

    @property
    def until(self) -> float:
        """When the last was meant to start; minus infinite where there is none."""
        return float(self._until.max(initial=-math.inf))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the figures is to know of how they were read."""
        told = [self._names.told] if self._names.told else []
        for name, tally in self.tallies.items():
            if tally.measured > self.most_exact:
                told.append(
                    f"phase {name}: of {tally.measured:,} requests the percentiles are told within {ERROR:.1%};"
                    f" of up to {self.most_exact:,} they are exact"
                )
        return tuple(told)

    def part(self, phase: str | None = None) -> Part:
        """The measured requests of a phase; None: of all."""
        measured = sum(tally.measured for name, tally in self.tallies.items() if phase in (None, name))
        return Part(self._chunks(_Wanted(phase)), measured <= self.most_exact)

    def cut(self, edges: Floats, phase: str) -> Iterator[Part]:
        """The measured requests of a phase between each two of the ascending `edges` (unix seconds), as they were meant
        to start.
        """
        return self._cut(edges, _Wanted(phase))

    def cut_all(self, edges: Floats) -> Iterator[Part]:
        """As `cut`, of all phases together and with their warm-up; which endpoint each was of is not told (0)."""
        return self._cut(edges, _Wanted(with_warmup=True, by_endpoint=False))

    def _cut(self, edges: Floats, wanted: _Wanted) -> Iterator[Part]:
        start = 0
        while start < len(edges) - 1:
            end = self._reach(edges, start)
            span = replace(wanted, since=float(edges[start]), until=float(edges[end]))
            if (most := self._at_most(span.since, span.until)) > _SPAN:
                yield Part(self._chunks(span), most <= self.most_exact)
            else:
                yield from self._split(list(self._chunks(span)), edges[start : end + 1])
            start = end

    def messages(self, phase: str) -> Counter[tuple[str, str]]:
        """How often which (error, message) was among the measured requests; of the first 10,000 different ones."""
        found: Counter[tuple[str, str]] = Counter()
        for table in self._tables(_Wanted(phase)):
            chosen = table.filter(pa.array(_chosen(table, _Wanted(phase)).tolist(), pa.bool_()))
            said = zip(*(chosen.column(name).to_pylist() for name in ("error", "message")), strict=True)
            told = Counter((str(error), redact_query(str(message))) for error, message in said if error)
            for pair, count in told.items():
                if pair in found or len(found) < _MOST_MESSAGES:
                    found[pair] += count
        return found

    def _enter(self, stretch: Stretch, table: pa.Table, tallies: dict[str, Tally]) -> None:
        phase, endpoint, error = (encoded(table.column(name)) for name in ("phase", "endpoint", "error"))
        self._names.add(endpoint.words, endpoint.counts())
        self._errors.codes(error.words)
        self._caches.codes(encoded(table.column("cache")).words)
        intended_at = floats(table.column("intended_at"))
        self._pieces.append(_Piece(stretch, tuple(phase.words), float(intended_at.min()), float(intended_at.max())))
        for name, tally in tallied(table, phase, error.codes >= 0, intended_at):
            tallies[name] = tallies.get(name, Tally()) + tally

    def _reach(self, edges: Floats, start: int) -> int:
        """How far a span from the edge at `start` goes, so that it can be held in memory; one window at least."""
        end = start + 1
        while end + 1 < len(edges) and self._at_most(edges[start], edges[end + 1]) <= _SPAN:
            end += 1
        return end

    def _at_most(self, since: float, until: float) -> int:
        return int(self._sizes[self._is_within(since, until)].sum())

    def _is_within(self, since: float, until: float) -> Mask:
        """Of each piece, whether something of it may have been meant to start then."""
        within: Mask = (self._since < until) & (self._until >= since)
        return within

    def _split(self, chunks: Sequence[Rows], edges: Floats) -> Iterator[Part]:
        """Rows that are in memory, window by window."""
        windows: list[list[Rows]] = [[] for _ in edges[1:]]
        for rows in chunks:
            place = np.searchsorted(edges, rows.intended_at, side="right") - 1
            order = np.argsort(place, kind="stable")
            ordered, starts = rows[order], np.searchsorted(place[order], np.arange(len(edges)))
            for window, (opens, closes) in zip(windows, pairwise(starts), strict=True):
                if closes > opens:
                    window.append(ordered[opens:closes])
        for window in windows:
            yield Part(window, sum(map(len, window)) <= self.most_exact)

    def _chunks(self, wanted: _Wanted) -> Iterator[Rows]:
        for table in self._tables(wanted):
            chosen = _chosen(table, wanted)
            rows = self._rows(table, wanted)
            yield rows if chosen.all() else rows[chosen]

    def _tables(self, wanted: _Wanted) -> Iterator[pa.Table]:
        """What holds all that is wanted, several small pieces at a time."""
        pending: list[pa.Table] = []
        for place in np.flatnonzero(self._is_within(wanted.since, wanted.until)).tolist():
            piece = self._pieces[place]
            if wanted.phase is None or wanted.phase in piece.phases:
                pending.append(read_stretch(piece.stretch))
            if sum(len(table) for table in pending) >= _CHUNK:
                yield pa.concat_tables(pending)
                pending = []
        if pending:
            yield pa.concat_tables(pending)

    def _rows(self, table: pa.Table, wanted: _Wanted) -> Rows:
        started_at, intended_at = floats(table.column("started_at")), floats(table.column("intended_at"))
        service_ms, ttfb_ms = floats(table.column("service_s")) * 1e3, floats(table.column("ttfb_s")) * 1e3
        error = encoded(table.column("error")).coded(self._errors.codes)
        endpoint = np.zeros_like(error)
        if wanted.by_endpoint:
            endpoint = encoded(table.column("endpoint")).coded(self._names.codes)
        is_ok, is_timeout = error < 0, error == self._timeout
        return Rows(
            intended_at=intended_at,
            response_ms=(started_at - intended_at) * 1e3 + service_ms,
            service_ms=service_ms,
            ttfb_ms=np.where(is_timeout & np.isnan(ttfb_ms), service_ms, ttfb_ms),
            wire_bytes=floats(table.column("wire_bytes")),
            decoded_bytes=floats(table.column("decoded_bytes")),
            endpoint=endpoint,
            cache=encoded(table.column("cache")).coded(self._caches.codes),
            error=error,
            is_ok=is_ok,
            is_timed=is_ok | is_timeout,
        )


def _chosen(table: pa.Table, wanted: _Wanted) -> Mask:
    intended_at = floats(table.column("intended_at"))
    chosen: Mask = (intended_at >= wanted.since) & (intended_at < wanted.until)
    if not wanted.with_warmup:
        chosen &= ~flags(table.column("is_warmup"))
    if wanted.phase is not None:
        phase = encoded(table.column("phase"))
        chosen &= phase.codes == phase.words.index(wanted.phase)
    return chosen
