"""Which headers of a reply matter to its row. Knows header names; the same set of names is looked at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_CACHE_HEADERS: Final = {b"cache-status", b"cf-cache-status", b"x-cache", b"x-cache-status", b"age"}


@dataclass(frozen=True, slots=True)
class Facts:
    """Positions among a reply's headers."""

    coding: int | None
    cookies: tuple[int, ...]
    cache: tuple[tuple[str, int], ...]
    location: int | None
    matters: bool  # to the row or to the cookies; a location matters to redirects only


@lru_cache(maxsize=4096)
def notable(names: tuple[bytes, ...]) -> Facts:
    """Where the headers are that matter. A server sends the same few sets of names over and over."""
    lower = [name.lower() for name in names]
    coding = _first(lower, b"content-encoding")
    cookies = tuple(at for at, name in enumerate(lower) if name == b"set-cookie")
    cache = tuple((name.decode("ascii"), at) for at, name in enumerate(lower) if name in _CACHE_HEADERS)
    matters = coding is not None or bool(cookies) or bool(cache)
    return Facts(coding, cookies, cache, _first(lower, b"location"), matters)


def _first(names: list[bytes], wanted: bytes) -> int | None:
    return names.index(wanted) if wanted in names else None
