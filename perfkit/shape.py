"""JSON → a value of an annotated type, or the sentence that says where it has another shape. Knows no file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

_WORDS: Final[Mapping[Any, str]] = {
    str: "a text",
    Path: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


def build(kind: Any, raw: Any, at: str = "it") -> Any:
    """A value of `kind` (a dataclass, tuple, Mapping, Literal, `… | None`, str, Path, bool, int, float or Any).

    Unknown keys are left out, so that newer runs can be read. `at` is what the value is called in the error.

    Raises:
        ValueError: it has another shape; the message tells where.
    """
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, raw, at)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        (inner,) = [one for one in arguments if one is not NoneType]
        return None if raw is None else build(inner, raw, at)
    if origin is tuple:
        return _tuple(arguments, raw, at)
    if origin is Literal:
        return _want(raw, raw in arguments, f"one of {', '.join(arguments)}", at)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _want(raw, isinstance(raw, dict), "an object", at)
        return {key: build(arguments[1], value, f"{at}.{key}") for key, value in raw.items()}
    return _plain(kind, raw, at)


def _dataclass(kind: Any, raw: Any, at: str) -> Any:
    _want(raw, isinstance(raw, dict), "an object", at)
    hints, needed = _fields(kind)
    if missing := [name for name in needed if name not in raw]:
        raise ValueError(f"{at} has no {missing[0]}")
    return kind(**{key: build(hints[key], value, f"{at}.{key}") for key, value in raw.items() if key in hints})


@cache
def _fields(kind: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The types of a dataclass's fields, and the names of those that have no default."""
    nothing = dataclasses.MISSING
    needed = (one.name for one in dataclasses.fields(kind) if one.default is one.default_factory is nothing)
    return get_type_hints(kind), tuple(needed)


def _tuple(kinds: tuple[Any, ...], raw: Any, at: str) -> tuple[Any, ...]:
    _want(raw, isinstance(raw, list), "a list", at)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(raw)
    _want(raw, len(raw) == len(kinds), f"a list of {len(kinds)}", at)
    return tuple(
        build(kind, value, f"{at}[{place}]") for place, (kind, value) in enumerate(zip(kinds, raw, strict=True))
    )


def _plain(kind: Any, raw: Any, at: str) -> Any:
    if kind is Any:
        return raw
    if kind in {int, float}:  # which of the two a whole number was written as tells nothing
        return _want(raw, isinstance(raw, int | float) and not isinstance(raw, bool), _WORDS[kind], at)
    _want(raw, isinstance(raw, str if kind is Path else kind), _WORDS[kind], at)
    return Path(raw) if kind is Path else raw


def _want(raw: Any, is_so: bool, what: str, at: str) -> Any:
    if not is_so:
        raise ValueError(f"{at} is not {what}")
    return raw
