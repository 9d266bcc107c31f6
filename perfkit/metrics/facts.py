"""Requests summed up for all families at once, chunk by chunk: counts, kinds, sizes and distributions. No metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from perfkit.recorded.chunks import Part, Rows
from perfkit.recorded.requests import Requests
from perfkit.recorded.spread import Pile, Spread

if TYPE_CHECKING:
    from perfkit.recorded.columns import Codes, Floats, Mask

_CLOCKS: Final = ("response_ms", "service_ms", "ttfb_ms")
_LATENESS: Final = "lateness_ms"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of successful replies: of how many they are known, and their sum."""

    n: int = 0
    total: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is to be known of some requests. `errors` is by kind and `caches`, of those that `succeeded`, by status.

    The clocks are of requests that succeeded or timed out; `lateness_ms` of those that began after they were meant to.
    `both` are the (wire, decoded) sizes of replies of which both are known. None: there are no such requests.
    """

    count: int = 0
    succeeded: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    caches: Mapping[str, int] = field(default_factory=dict)
    response_ms: Spread | None = None
    service_ms: Spread | None = None
    ttfb_ms: Spread | None = None
    lateness_ms: Spread | None = None
    wire: Sizes = Sizes()
    decoded: Sizes = Sizes()
    both: tuple[Sizes, Sizes] = (Sizes(), Sizes())


def facts_of(requests: Requests, part: Part) -> dict[str | None, Facts]:
    """Of all requests of a part (None), and of each endpoint that occurs in it, in the order of their names."""
    sums, piles = _Sums(requests), _Piles(is_exact=part.is_exact)
    for rows in part.chunks:
        sums.add(rows)
        piles.add(rows)
    present = [place for place in range(len(requests.endpoints)) if sums.count[place]]
    found: dict[str | None, Facts] = {None: sums.facts(slice(None), piles.spreads(present))}
    for place in present:
        found[requests.endpoints[place]] = sums.facts(slice(place, place + 1), piles.spreads([place]))
    return found


class _Sums:
    """What can be added up, an entry for each endpoint."""

    def __init__(self, requests: Requests) -> None:
        self._of = requests
        self._size = size = len(requests.endpoints)
        self.count, self._succeeded = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self._errors = np.zeros((size, len(requests.errors)), np.int64)
        self._caches = np.zeros((size, len(requests.caches)), np.int64)
        self._sizes = np.zeros((size, 4, 2))  # wire, decoded, and both of those that tell both; number and sum

    def add(self, rows: Rows) -> None:
        self.count += np.bincount(rows.endpoint, minlength=self._size)
        self._succeeded += np.bincount(rows.endpoint[rows.is_ok], minlength=self._size)
        _count_kinds(self._errors, rows.endpoint, rows.error, ~rows.is_ok)
        _count_kinds(self._caches, rows.endpoint, rows.cache, rows.is_ok & (rows.cache >= 0))
        has_wire, has_decoded = (rows.is_ok & ~np.isnan(of) for of in (rows.wire_bytes, rows.decoded_bytes))
        has_both = has_wire & has_decoded
        for place, (of, known) in enumerate(
            (
                (rows.wire_bytes, has_wire),
                (rows.decoded_bytes, has_decoded),
                (rows.wire_bytes, has_both),
                (rows.decoded_bytes, has_both),
            )
        ):
            self._sizes[:, place, 0] += np.bincount(rows.endpoint[known], minlength=self._size)
            self._sizes[:, place, 1] += np.bincount(rows.endpoint[known], of[known], minlength=self._size)

    def facts(self, chosen: slice, spreads: Mapping[str, Spread | None]) -> Facts:
        """Of the chosen endpoints together."""
        sizes = [Sizes(int(n), float(total)) for n, total in self._sizes[chosen].sum(axis=0)]
        return Facts(
            count=int(self.count[chosen].sum()),
            succeeded=int(self._succeeded[chosen].sum()),
            errors=_by_word(self._of.errors, self._errors[chosen].sum(axis=0).tolist()),
            caches=_by_word(self._of.caches, self._caches[chosen].sum(axis=0).tolist()),
            wire=sizes[0],
            decoded=sizes[1],
            both=(sizes[2], sizes[3]),
            **spreads,
        )


def _count_kinds(table: np.ndarray[tuple[int, int], np.dtype[np.int64]], of: Codes, kind: Codes, chosen: Mask) -> None:
    """Add to the table how often which kind was of what."""
    size, kinds = table.shape
    table += np.bincount(of[chosen] * kinds + kind[chosen], minlength=size * kinds).reshape(size, kinds)


def _by_word(words: Sequence[str], counts: Sequence[int]) -> dict[str, int]:
    return dict(sorted((word, count) for word, count in zip(words, counts, strict=True) if count))


class _Piles:
    """The values of each clock, and of lateness, of each endpoint."""

    def __init__(self, *, is_exact: bool) -> None:
        self._is_exact = is_exact
        self._piles: dict[tuple[int, str], Pile] = {}

    def add(self, rows: Rows) -> None:
        timed = rows if rows.is_timed.all() else rows[rows.is_timed]
        order = _by_endpoint(timed.endpoint)
        for clock in _CLOCKS:
            self._add(clock, timed.endpoint[order], getattr(timed, clock)[order])
        late_ms = rows.response_ms - rows.service_ms
        if (is_late := late_ms > 0).any():  # those that follow in the same task have no time of their own: late by 0
            endpoint, late_ms = rows.endpoint[is_late], late_ms[is_late]
            order = _by_endpoint(endpoint)
            self._add(_LATENESS, endpoint[order], late_ms[order])

    def _add(self, name: str, endpoint: Codes, values: Floats) -> None:
        """Values in the order of their endpoints."""
        starts = np.flatnonzero(np.diff(endpoint, prepend=-1)).tolist()
        for start, end in pairwise([*starts, len(endpoint)]):
            key = int(endpoint[start]), name
            if key not in self._piles:
                self._piles[key] = Pile(is_exact=self._is_exact)
            self._piles[key].add(values[start:end])

    def spreads(self, endpoints: Sequence[int]) -> dict[str, Spread | None]:
        """Of these endpoints together."""
        return {name: self._spread(name, endpoints) for name in (*_CLOCKS, _LATENESS)}

    def _spread(self, name: str, endpoints: Sequence[int]) -> Spread | None:
        together = Pile(is_exact=self._is_exact)
        together.take(pile for place in endpoints if (pile := self._piles.get((place, name))) is not None)
        return together.spread()


def _by_endpoint(endpoint: Codes) -> Codes:
    """Positions in the order of endpoints; 16 bits and less are sorted by radix."""
    smallest = np.min_scalar_type(int(endpoint.max(initial=0)))
    order: Codes = np.argsort(endpoint.astype(smallest), kind="stable")
    return order
