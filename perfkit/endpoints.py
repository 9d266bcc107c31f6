"""The names of endpoints, when a scenario gives each address one of its own: read as patterns, so that there are few.

Knows names and how often each occurs; what is on disk stays as it was recorded. Secrets in queries are read as `***`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from perfkit import units
from perfkit.patterns import ANYTHING, MOST_NAMES, fold_further, placeholder
from perfkit.redact import redact_query

OTHER: Final = "(other)"
_DEEPEST: Final = 20
_DEEPER: Final = "{deeper}"
_LONGEST: Final = 300
MOST_KEPT: Final = 100_000
_DIGITS: Final = re.compile(r"(?<![vV\d])\d+")  # of "v2" the number is the name of a version


def fold(counts: Mapping[str, int], most: int = MOST_NAMES) -> dict[str, str]:
    """Names with how often each occurs → under which name each is shown, at most `most` different ones.

    Up to `most` names stay as they are. Of more, what varies in their addresses becomes a placeholder; if that is not
    enough every number does, then the parts of paths that vary most, and at last the rarest become "(other)".
    """
    shown = {name: name for name in counts}
    if len(counts) > most:
        shown = {name: address_pattern(name) for name in counts}
    if _different(shown) > most:
        shown = {name: _DIGITS.sub("{id}", pattern) for name, pattern in shown.items()}
    if _different(shown) > most:
        paths = {pattern for pattern in shown.values() if "/" in pattern}
        others = _different(shown) - len(paths)
        further = fold_further(paths, most - others if others < most else most)
        shown = {name: further.get(pattern, pattern) for name, pattern in shown.items()}
    if _different(shown) > most:
        kept = _most_common(shown, counts, most - 1)
        shown = {name: pattern if pattern in kept else OTHER for name, pattern in shown.items()}
    return shown


def address_pattern(name: str) -> str:
    """A name with placeholders in its address: "GET /orders/17?page=2" → "GET /orders/{id}?page={any}".

    The address begins at the first "/"; a name without one has none, and stays.
    """
    before, slash, address = name.partition("/")
    if not slash:
        return name
    path, mark, query = address.partition("?")
    segments = path.split("/")
    words = [placeholder(segment) or segment for segment in segments[:_DEEPEST]]
    if len(segments) > _DEEPEST:
        words.append(_DEEPER)
    return f"{before}/{'/'.join(words)}{mark}{_query_pattern(query)}"[:_LONGEST]


class Names:
    """The names of a run's endpoints, as they are met: however many there are, no more than `most_kept` are kept.

    First all are added, with how often each occurs; then each has a place among `words`, the names under which they are
    shown, and `told` says what was folded. Beyond 500 names every one will be a pattern, so patterns are counted.
    """

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self.words: tuple[str, ...] = ()
        self.told: str | None = None
        self._most_kept = most_kept
        self._counts: dict[str, int] = {}
        self._patterns: dict[str, str] | None = None
        self._has_more = False
        self._place: dict[str, int] = {}

    def add(self, names: Sequence[str], counts: Sequence[int]) -> None:
        found: dict[str, int] = {}
        for name, count in zip(self._kept(list(map(redact_query, names))), counts, strict=True):
            found[name] = found.get(name, 0) + count
        for name, count in found.items():
            key = name if name in self._counts or len(self._counts) < self._most_kept else OTHER
            self._counts[key] = self._counts.get(key, 0) + count
        if self._patterns is None and len(self._counts) > MOST_NAMES:
            before, self._counts, self._patterns = self._counts, {}, {}
            self.add([*before], [*before.values()])

    def _kept(self, names: Sequence[str]) -> Sequence[str]:
        """What stands for each name: the name itself, or its pattern."""
        if self._patterns is None:
            return names
        known = self._patterns
        try:
            return list(map(known.__getitem__, names))
        except KeyError:  # some are new
            return [known.get(name) or self._learn(name, known) for name in names]

    def _learn(self, name: str, known: dict[str, str]) -> str:
        pattern = address_pattern(name)
        if len(known) < self._most_kept:
            known[name] = pattern
        else:
            self._has_more = True
        return pattern

    def settle(self) -> None:
        """All names have been added."""
        shown = {name: name for name in self._counts} if self._patterns is None else fold(self._counts)
        self.words = tuple(sorted(set(shown.values())))
        places = {word: place for place, word in enumerate(self.words)}
        self._place = {name: places[word] for name, word in shown.items()}
        if self._patterns is not None:
            self._place |= {name: self._code(pattern) for name, pattern in self._patterns.items()}
            number = f"more than {self._most_kept:,}" if self._has_more else f"{len(self._patterns):,}"
            self.told = _told(number, shown, self._counts)

    def codes(self, names: Sequence[str]) -> list[int]:
        """The place of each name among `words`."""
        names = list(map(redact_query, names))
        try:
            return list(map(self._place.__getitem__, names))
        except KeyError:  # one of those that were too many to be kept
            place = self._place
            return [place[name] if name in place else self._code(address_pattern(name)) for name in names]

    def _code(self, pattern: str) -> int:
        return self._place[pattern if pattern in self._place else OTHER]


def _told(number: str, shown: Mapping[str, str], counts: Mapping[str, int]) -> str:
    """`number` is how many distinct names there are."""
    patterns = _different(shown)
    told = f"{number} distinct names were folded into {patterns:,} pattern{'s' * (patterns != 1)}"
    rare = [name for name, pattern in shown.items() if pattern == OTHER]
    if rare:
        rows = sum(counts[name] for name in rare)
        told += f", {len(rare):,} rare ones ({units.count(rows, 'request')}) into {OTHER}"
    return f'{told}; give name= in the scenario, as in get("/orders/17", name="/orders/{{id}}")'


def _query_pattern(query: str) -> str:
    """The names of a query, each once, without the values."""
    keys = [pair.partition("=") for pair in query.split("&")]
    return "&".join(dict.fromkeys(f"{placeholder(key) or key}{is_}{ANYTHING if is_ else ''}" for key, is_, _ in keys))


def _different(shown: Mapping[str, str]) -> int:
    return len(set(shown.values()))


def _most_common(shown: Mapping[str, str], counts: Mapping[str, int], most: int) -> set[str]:
    rows: Counter[str] = Counter()
    for name, pattern in shown.items():
        rows[pattern] += counts[name]
    return {pattern for pattern, _ in rows.most_common(most)}
