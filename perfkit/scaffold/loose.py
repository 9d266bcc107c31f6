"""Ask a value of unknown shape for what it should be. What it is not is empty, never an error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

_DEEPEST: Final = 40
_LARGEST: Final = 20_000
_MOST_BITS: Final = 1_024


def table(value: Any) -> Mapping[str, Any]:
    """An object with its keys as text (YAML has others too)."""
    if not isinstance(value, dict):
        return {}
    return value if all(isinstance(key, str) for key in value) else {str(key): item for key, item in value.items()}


def tables(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects among the items of a list."""
    return (table(item) for item in items(value) if isinstance(item, dict))


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def number(value: Any) -> float | None:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def is_plain(value: Any) -> bool:
    """Whether a value is JSON, at most 40 levels deep and 20,000 values large, so that it can be written and walked.

    YAML may hold a list that holds itself.
    """
    seen, level = 0, [value]
    for _ in range(_DEEPEST):
        seen += len(level)
        if seen > _LARGEST or not all(_is_json(item) for item in level):
            return False
        level = [inner for item in level for inner in _inner(item)]
        if not level:
            return True
    return False


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return value.bit_length() <= _MOST_BITS
    return value is None or isinstance(value, str | list)


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
