"""Which of the candidates to take together, for the whole workload. Knows costs and sizes; asks through a function.

Extend-style greedy (Schlosser, Kossmann & Boissier 2019): begin with nothing; take the step with the largest gain for
its bytes, a new index or one that widens an index that was taken; stop when no step gains a hundredth of the workload,
nor a tenth of one statement: one statement that takes nearly all of the time does not hide the others.
For few candidates every set is tried too, and how far the greedy choice stays behind is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from perfkit.explain.advise.index import Index
from perfkit.explain.advise.proposed.candidates import widened

MIN_GAIN: Final = 0.01
MIN_STATEMENT_GAIN: Final = 0.10
MIN_GAIN_BESIDE: Final = 0.0005  # of the workload, for what gains much of one statement
MAX_EXHAUSTIVE: Final = 12
SMALLEST_BYTES: Final = 8_192.0

Indexes = frozenset[Index]


@dataclass(frozen=True, slots=True)
class Priced:
    """What the planner estimates for a statement where some indexes are there, and which of them it would use."""

    cost: float
    used: Indexes


@dataclass(frozen=True, slots=True)
class Weight:
    """One statement: what it took under the load in all, and which candidates could matter to it."""

    fingerprint: str
    total_ms: float
    relevant: Indexes


@dataclass(frozen=True, slots=True)
class Offer:
    """An index with its size, and what the workload's writes would pay for it, in ms."""

    index: Index
    bytes: float
    write_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """`gain_ms` is estimated: planner's costs, scaled to what the statements took. `gap` is the share of the best
    possible gain that the greedy choice misses; None where not every set was tried."""

    chosen: tuple[Index, ...]
    gain_ms: float
    gap: float | None = None


Ask = Callable[[str, Indexes], Priced]


def remembered(ask: Ask) -> Ask:
    """The same answers with fewer questions: taking away what a plan does not use leaves the plan the best one."""
    known: dict[str, list[tuple[Indexes, Priced]]] = {}

    def answer(fingerprint: str, available: Indexes) -> Priced:
        for asked, priced in known.setdefault(fingerprint, []):
            if priced.used <= available <= asked:
                return priced
        priced = ask(fingerprint, available)
        known[fingerprint].append((available, priced))
        return priced

    return answer


def choose(
    weights: Sequence[Weight],
    offers: Sequence[Offer],
    ask: Ask,
    *,
    storage_bytes: float = float("inf"),
    most: int = 20,
    has_time: Callable[[], bool] = lambda: True,
) -> Choice:
    """The indexes to take, those with the largest gain for their bytes first."""
    market = _Market(weights, {offer.index: offer for offer in offers}, ask)
    chosen: list[Index] = []
    while has_time() and (step := market.best_step(chosen, storage_bytes, most)) is not None:
        chosen = step
    gain = market.gain(frozenset(chosen))
    best = market.best_of_all(storage_bytes, most) if len(offers) <= MAX_EXHAUSTIVE and has_time() else None
    gap = None if best is None else (max(0.0, 1.0 - gain / best) if best > 0 else 0.0)
    return Choice(tuple(chosen), gain, gap)


class _Market:
    """Gains of sets of indexes."""

    def __init__(self, weights: Sequence[Weight], offers: Mapping[Index, Offer], ask: Ask) -> None:
        self.weights = [one for one in weights if one.relevant]
        self.offers = offers
        self.ask = ask
        self.whole_ms = sum(one.total_ms for one in weights)

    def gain(self, available: Indexes) -> float:
        """Milliseconds of the workload that a set saves, what writes pay for it taken off."""
        saved = sum(self._saved(one, available) for one in self.weights)
        return saved - sum(self.offers[index].write_ms for index in available)

    def _saved(self, weight: Weight, available: Indexes) -> float:
        without = self.ask(weight.fingerprint, frozenset()).cost
        with_them = self.ask(weight.fingerprint, available & weight.relevant).cost
        return weight.total_ms * (1.0 - with_them / without) if without > 0 else 0.0

    def best_step(self, chosen: Sequence[Index], storage_bytes: float, most: int) -> list[Index] | None:
        before = self.gain(frozenset(chosen))
        found: list[tuple[float, list[Index]]] = []
        for step in self._steps(chosen):
            more = self._bytes(step) - self._bytes(chosen)
            gained = self.gain(frozenset(step)) - before
            is_allowed = len(step) <= most and self._bytes(step) <= storage_bytes
            if is_allowed and self._is_worth(gained, frozenset(chosen), frozenset(step)):
                found.append((gained / max(more, SMALLEST_BYTES), step))
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _is_worth(self, gained: float, before: Indexes, after: Indexes) -> bool:
        if gained <= MIN_GAIN_BESIDE * self.whole_ms:
            return False
        helped = (
            (self._saved(one, after) - self._saved(one, before)) / one.total_ms for one in self.weights if one.total_ms
        )
        return gained > MIN_GAIN * self.whole_ms or any(share > MIN_STATEMENT_GAIN for share in helped)

    def _steps(self, chosen: Sequence[Index]) -> Iterator[list[Index]]:
        """Every index that is not there yet: beside the others, and in place of those that it widens. And what the
        best plan of a statement uses together: neither arm of an OR gains anything without the other's index."""
        for index in self.offers:
            if index not in chosen:
                yield [*(one for one in chosen if not widened(one, [index])), index]
        for weight in self.weights:
            together = self.ask(weight.fingerprint, weight.relevant).used - set(chosen)
            if len(together) > 1:
                yield [*(one for one in chosen if not widened(one, together)), *sorted(together, key=str)]

    def _bytes(self, some: Collection[Index]) -> float:
        return sum(self.offers[index].bytes for index in some)

    def best_of_all(self, storage_bytes: float, most: int) -> float:
        """The largest gain of any set that the limits allow."""
        sets = (
            frozenset(some)
            for count in range(min(most, len(self.offers)) + 1)
            for some in combinations(self.offers, count)
        )
        return max(self.gain(one) for one in sets if self._bytes(one) <= storage_bytes)
