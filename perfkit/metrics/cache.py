"""How often a cache answered. Knows what the replies said of it; an endpoint that never said anything has no ratio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from perfkit.model import Metric

if TYPE_CHECKING:
    from perfkit.metrics.measured import Cell, Measured

ANSWERED: Final = frozenset({"hit", "stale", "revalidated"})

NAMES: Final[dict[str, str]] = {
    "cache.hit_ratio": "hits, stale and revalidated replies among those that told their cache status",
    "cache.unknown_ratio": "successful replies that told no cache status",
}


def compute(measured: Measured) -> list[Metric]:
    return [metric for cell in measured.cells for metric in _of_cell(cell)]


def _of_cell(cell: Cell) -> Iterator[Metric]:
    replies, states = cell.facts.succeeded, cell.facts.caches
    known = sum(states.values())
    if not known:
        return
    answered = sum(count for state, count in states.items() if state in ANSWERED)
    yield Metric("cache.hit_ratio", answered / known, cell.scope, better="higher", n=known)
    yield Metric("cache.unknown_ratio", 1 - known / replies, cell.scope, n=replies)
