"""Counts requests by the pattern of their address in bounded memory: when there are too many patterns they are folded.

Knows counting and the drawing of examples; knows no log.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from perfkit.patterns import ANYTHING, MOST_NAMES, fold_further
from perfkit.scaffold.script import MixedRequest, Text

MOST_PATTERNS: Final = 2_000  # before they are folded; their examples are what takes memory
MOST_COUNTED: Final = 200_000  # different patterns; beyond, "more than" must do
EXAMPLES: Final = 20


@dataclass(slots=True)
class _Pattern:
    count: int = 0
    fine: int = 0
    examples: list[str] = field(default_factory=list)


class Mixture:
    """Requests by pattern. `dice` draws the addresses that are kept as examples of a pattern."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._patterns: dict[str, _Pattern] = {}
        self._wild: set[str] = set()  # what stands before an {any}: there every address is of that pattern
        self._hashes: set[int] = set()

    @property
    def different(self) -> int:
        """How many different patterns there were before any was folded, counted up to 200,000."""
        return len(self._hashes)

    def add(self, name: str, address: str, *, is_fine: bool) -> None:
        """Count one request; it may become an example when its answer was fine."""
        if len(self._hashes) < MOST_COUNTED:
            self._hashes.add(hash(name))
        name = self._folded_name(name) if self._wild else name
        pattern = self._patterns.get(name)
        if pattern is None:
            if len(self._patterns) >= MOST_PATTERNS:
                self._fold()
                name = self._folded_name(name)
            pattern = self._patterns.setdefault(name, _Pattern())
        pattern.count += 1
        if is_fine:
            pattern.fine += 1
            self._draw(pattern, address)

    def requests(self) -> tuple[MixedRequest, ...]:
        """The endpoints that were ever answered well, at most 500, the most asked first."""
        if sum(1 for pattern in self._patterns.values() if pattern.fine) > MOST_NAMES:
            self._fold()
        fine = sorted(((n, p) for n, p in self._patterns.items() if p.fine), key=lambda pair: -pair[1].count)
        return tuple(
            MixedRequest(name, name.partition(" ")[0], pattern.count, _shares(pattern.examples))
            for name, pattern in fine
        )

    def never_fine(self) -> list[tuple[str, int]]:
        """Patterns that were never answered well, with their counts, the most asked first."""
        return sorted(((n, p.count) for n, p in self._patterns.items() if not p.fine), key=lambda pair: -pair[1])

    def _draw(self, pattern: _Pattern, address: str) -> None:
        """Algorithm R (Vitter 1985): every request is kept with the same chance, however many there are."""
        if len(pattern.examples) < EXAMPLES:
            pattern.examples.append(address)
        elif (at := self._dice.randrange(pattern.fine)) < EXAMPLES:
            pattern.examples[at] = address

    def _folded_name(self, name: str) -> str:
        path = ""
        for word in name.split("/"):
            path = f"{path}/{ANYTHING if path in self._wild else word}" if path else word
        return path

    def _fold(self) -> None:
        folded = fold_further(self._patterns)
        patterns: dict[str, _Pattern] = {}
        for name, pattern in self._patterns.items():
            into = patterns.setdefault(folded[name], _Pattern())
            into.examples = self._merged(into, pattern)
            into.count += pattern.count
            into.fine += pattern.fine
        self._patterns = patterns
        for name in patterns:
            words = name.split("/")
            self._wild |= {"/".join(words[:at]) for at, word in enumerate(words) if word == ANYTHING}

    def _merged(self, one: _Pattern, other: _Pattern) -> list[str]:
        """Examples of both, by their share of the requests."""
        if len(one.examples) + len(other.examples) <= EXAMPLES:
            return one.examples + other.examples
        share = round(EXAMPLES * one.fine / (one.fine + other.fine))
        share = min(max(share, EXAMPLES - len(other.examples), 1), len(one.examples), EXAMPLES - 1)
        return self._dice.sample(one.examples, share) + self._dice.sample(other.examples, EXAMPLES - share)


def _shares(examples: list[str]) -> tuple[Text, ...]:
    """The examples, the most frequent first, each as often as its share wants and no oftener."""
    counts = Counter(examples)
    divisor = math.gcd(*counts.values())
    return tuple(Text((one,)) for one, count in counts.most_common() for _ in range(count // divisor))
