"""What an index that exists already serves, and which indexes say the same. Compares definitions; asks no server."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from perfkit.explain.advise.book import Held, HeldKey
from perfkit.explain.advise.index import Index, Key

_CAST: Final = re.compile(r"::(?:character varying|[a-z_]+)(?:\(\d+\))?", re.IGNORECASE)
_TRUE: Final = re.compile(r"\b(\w+) ?= ?true\b")
_FALSE: Final = re.compile(r"\b(\w+) ?= ?false\b")
_GAP: Final = re.compile(r"\s+|[()\"]")


def serving(index: Index, conditions: Collection[str], held: Sequence[Held]) -> Held | None:
    """The valid index that does for `index` what it should do, if there is one: its keys begin with those wanted.

    `conditions` are what the query always asks besides, as SQL: they may imply an existing index's predicate.
    """
    return next((one for one in held if one.is_valid and _serves(one, index, conditions)), None)


def is_same_text(one: str, other: str) -> bool:
    """Whether two conditions say the same but for brackets, casts and case."""
    return normal(one) == normal(other)


def normal(condition: str) -> str:
    """A condition in one way of writing it: no casts, no brackets, `active` for `active = true`."""
    text = _GAP.sub(" ", _CAST.sub("", condition)).strip()
    lowered = "".join(part if place % 2 else part.lower() for place, part in enumerate(re.split(r"('[^']*')", text)))
    return " ".join(_FALSE.sub(r"not \1", _TRUE.sub(r"\1", lowered)).split())


def implied(predicate: str | None, conditions: Collection[str]) -> bool:
    """Whether a partial index's predicate holds for every row that the conditions leave. In doubt not."""
    if predicate is None:
        return True
    known = {normal(one) for one in conditions}
    return all(normal(part) in known for part in re.split(r"\bAND\b", predicate))


def _serves(held: Held, index: Index, conditions: Collection[str]) -> bool:
    asked = [index.predicate] if index.predicate else []
    if held.method != index.method or not implied(held.predicate, [*conditions, *asked]):
        return False
    carried = {key.column for key in held.keys} | set(held.include)
    if len(held.keys) < len(index.keys) or not set(index.include) <= carried:
        return False
    pairs = list(zip(held.keys, index.keys, strict=False))
    if not all(_is_same_key(one, other) for one, other in pairs):
        return False
    turned = [one.is_descending != other.is_descending for one, other in pairs]
    if any(first != second for first, second in pairwise(turned)):
        return False
    return all(_has_same_nulls(one, other, is_turned=turned[0]) for one, other in pairs)


def _is_same_key(held: HeldKey, key: Key) -> bool:
    if held.has_own_collation or held.opclass != (key.opclass or ""):
        return False
    if key.column is not None:
        return held.column == key.column
    return held.column is None and is_same_text(held.text, str(key.expression))


def _has_same_nulls(held: HeldKey, key: Key, *, is_turned: bool) -> bool:
    wanted = key.is_descending if key.nulls is None else key.nulls == "first"
    return held.is_nulls_first == (wanted != is_turned)


def redundant(held: Sequence[Held]) -> list[tuple[Held, Held]]:
    """(the index that is not needed, the one that does its work too), of one table. Of two equal ones the first stays.

    An index that a constraint, the replica identity or CLUSTER needs, and a unique one, is never one of the first.
    """
    found = []
    for place, one in enumerate(held):
        if one.is_bound or one.is_unique or one.is_primary:
            continue
        for other_place, other in enumerate(held):
            if one is other or not other.is_valid or not _covers(other, one):
                continue
            if not _covers(one, other) or other_place < place or other.is_unique or other.is_bound:
                found.append((one, other))
                break
    return found


def _covers(wide: Held, narrow: Held) -> bool:
    """Whether what `narrow` can do `wide` can do: same method and predicate, its keys first, its columns carried."""
    is_alike = wide.method == narrow.method and normal(wide.predicate or "") == normal(narrow.predicate or "")
    carried = {key.column for key in wide.keys} | set(wide.include)
    begins = tuple(wide.keys[: len(narrow.keys)]) == tuple(narrow.keys)
    has_order = wide.method == "btree" or len(wide.keys) == len(narrow.keys)
    return is_alike and begins and has_order and set(narrow.include) <= carried
