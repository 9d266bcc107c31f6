"""Whether EXPLAIN's JSON is of the shape that EXPLAIN writes, or where it is not. Knows kinds of keys, no meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_NUMBER: Final = re.compile(
    r".*(?:Blocks|Rows|Loops|Time|Cost|Width|Fetches|Batches|Buckets|Usage|Used|Hits|Misses|Evictions|Overflows|Planned"
    r"|Launched|Functions|Volume|Calls)|Rows Removed by .*"
)
_TEXT: Final = re.compile(r".*(?:Name|Type|Cond|Filter|Alias|Schema|Method|Relationship|Cache Key)")
_KEYS: Final = re.compile(r"(?:Sort|Presorted|Group|Hash) Key")
_OBJECTS: Final = ("Plans", "Workers", "Triggers")
_OBJECT: Final = ("Settings", "JIT", "Serialization", "Planning")
_GREATEST: Final = 1e120  # the planner estimates 1e100 rows at most


def check(plan: Mapping[str, Any], at: str = "") -> None:
    """Of an object of the document, and all that it holds.

    Raises:
        ValueError: something has another shape; the message tells where.
    """
    for key, value in plan.items():
        place = f"{at}{key}"
        if key in _OBJECTS:
            _want(value, isinstance(value, list), "a list", place)
            for number, one in enumerate(value):
                _object(one, f"{place}[{number}]")
        elif key == "Plan" or key in _OBJECT:
            _object(value, place)
        elif _NUMBER.fullmatch(key):
            _want(value, _is_number(value), "a number that EXPLAIN could print", place)
        elif _TEXT.fullmatch(key):
            _want(value, isinstance(value, str), "a text", place)
        elif _KEYS.fullmatch(key):
            is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
            _want(value, isinstance(value, str) or is_list, "a list of texts", place)


def _object(value: Any, at: str) -> None:
    _want(value, isinstance(value, dict), "an object", at)
    if at.rpartition(".")[2].partition("[")[0] in {"Plan", "Plans"} and "Node Type" not in value:
        raise ValueError(f"{at} has no Node Type")
    if not at.endswith("Settings"):
        check(value, f"{at}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _GREATEST


def _want(value: Any, is_so: bool, what: str, at: str) -> None:
    if not is_so:
        raise ValueError(f"{at} is not {what}: {str(value)[:40]!r}")
