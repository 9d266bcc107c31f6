"""The names of endpoints, when a scenario gives each address one of its own: read as patterns, so that there are few.

Knows names and how often each occurs; what is on disk stays as it was recorded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from perfkit.patterns import ANYTHING, MOST_NAMES, fold_further, placeholder

if TYPE_CHECKING:
    import pandas as pd

OTHER: Final = "(other)"
_DEEPEST: Final = 20
_DEEPER: Final = "{deeper}"
_LONGEST: Final = 300
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


def fold_rows(requests: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """The table with at most 500 endpoints, and what to tell of it; None when nothing was folded.

    `endpoint` is a categorical column, as it is read from disk.
    """
    import numpy as np
    import pandas as pd

    column = requests["endpoint"].cat
    names = list(column.categories)
    if len(names) <= MOST_NAMES:
        return requests, None
    codes = column.codes.to_numpy()
    counts = dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))
    shown = fold(counts)
    words = list(dict.fromkeys(shown.values()))
    position = {word: code for code, word in enumerate(words)}
    folded = np.array([position[word] for word in shown.values()], dtype=np.int32)[codes]
    requests["endpoint"] = pd.Categorical.from_codes(folded, categories=pd.Index(words))
    return requests, _told(shown, counts)


def _told(shown: Mapping[str, str], counts: Mapping[str, int]) -> str:
    patterns = _different(shown)
    told = f"{len(shown):,} distinct names were folded into {patterns:,} pattern{'s' * (patterns != 1)}"
    rare = [name for name, pattern in shown.items() if pattern == OTHER]
    if rare:
        rows = sum(counts[name] for name in rare)
        told += f", {len(rare):,} rare ones ({rows:,} requests) into {OTHER}"
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
