"""What varies in an address and what stands for it ("/customers/{id}"); the folding of too many addresses into few.

Knows what ids, dates and hashes look like; knows no source of addresses.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

MOST_NAMES: Final = 500
ANYTHING: Final = "{any}"
_WIDTHS: Final = (200, 100, 50, 20, 10, 5, 2, 1)

# What varies in an address, the narrower first. The whole segment must fit, or all of it before a file's extension.
_VARIABLE: Final = (
    ("{id}", re.compile(r"-?\d+")),
    ("{uuid}", re.compile(r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?", re.IGNORECASE)),
    ("{date}", re.compile(r"\d{4}-\d{2}(?:-\d{2})?(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?")),
    ("{email}", re.compile(r"[^@\s]+@[^@\s]+\.\w+")),
    ("{hash}", re.compile(r"(?=[a-f]*\d)[0-9a-f]{12,}|(?=\D*\d)(?=[^a-zA-Z]*[a-zA-Z])[\w=~-]{20,}", re.IGNORECASE)),
    ("{code}", re.compile(r"(?=(?:\D*\d){4})(?:[a-zA-Z]{1,8}[-_.]?)?[\d_-]+[a-zA-Z]{0,3}")),
)
_EXTENSION: Final = re.compile(r"(.+)(\.[a-zA-Z]\w{0,4})", re.DOTALL)
_PLACEHOLDER: Final = re.compile(r"\{\w+\}(?:\.\w+)?")


@lru_cache(maxsize=20_000)
def placeholder(segment: str) -> str | None:
    """What stands for a segment that varies ("{id}"), or None for one that is part of the name."""
    plain = unquote(segment)
    if (kind := _kind(plain)) is not None:
        return kind
    if (parts := _EXTENSION.fullmatch(plain)) and (kind := _kind(parts[1])) is not None:
        return kind + parts[2]
    return None


def _kind(text: str) -> str | None:
    if not text or len(text) > 4_096:
        return "{hash}" if text else None
    return next((kind for kind, pattern in _VARIABLE if pattern.fullmatch(text)), None)


def fold_further(names: Collection[str], most: int = MOST_NAMES) -> Mapping[str, str]:
    """Names ("GET /a/b") → names, at most `most` different ones: where a path has most branches they become {any}."""
    folded = {name: name for name in names}
    for width in _WIDTHS:
        if len(set(folded.values())) <= most:
            break
        rows = [(tuple(name.split("/")), name) for name in folded]
        folded = {name: "/".join(path) for name, path in _folded(rows, width)}
    return folded


def _folded(rows: list[tuple[tuple[str, ...], str]], width: int) -> Iterable[tuple[str, tuple[str, ...]]]:
    """(name, its folded path) for rows of (rest of the path, name). The first part, the method, is never folded."""
    for first, rests in _by_first(rows).items():
        for name, rest in _branches(rests, width):
            yield name, (first, *rest)


def _branches(rows: list[tuple[tuple[str, ...], str]], width: int) -> Iterable[tuple[str, tuple[str, ...]]]:
    branches = _by_first([row for row in rows if row[0]])
    yield from ((name, ()) for path, name in rows if not path)
    words = [word for word in branches if word and not _PLACEHOLDER.fullmatch(word)]
    if len(words) > width or (ANYTHING in branches and words):
        branches = {ANYTHING: [row for rests in branches.values() for row in rests]}
    for first, rests in branches.items():
        for name, rest in _branches(rests, width):
            yield name, (first, *rest)


def _by_first(rows: list[tuple[tuple[str, ...], str]]) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    groups: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for path, name in rows:
        groups[path[0]].append((path[1:], name))
    return groups
