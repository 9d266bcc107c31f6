"""Which line of a TOML file holds which key. Knows the shape of TOML; knows no key by name.

tomllib gives values without places, so the text is walked a second time. It is only asked about texts that tomllib
has read, so it need not find mistakes: it steps over comments, strings and brackets, and reads the heads of statements.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, MutableMapping
from typing import Final

Place = tuple[str | int, ...]

_DEEPEST: Final = 8  # no key of ours is deeper; a key of a million dots must not cost its square

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY: Final = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEAD: Final = re.compile(rf"[ \t]*(?:(?P<open>\[\[?)[ \t]*(?P<table>{_KEY})[ \t]*\]\]?|(?P<key>{_KEY})[ \t]*=)")
_TOKEN: Final = re.compile(
    r"""#[^\n]*|\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^#"'\[\]{}\n]+|.""", re.DOTALL
)


def places(text: str) -> dict[Place, int]:
    """The line (from 1) of each table and key: `("phase", 1, "users")` is `users` of the second `[[phase]]`.

    Keys of inline tables have no place of their own; ask `line_of`.
    """
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    position, line, depth, is_start = 0, 1, 0, True
    while position < len(text):
        head = _HEAD.match(text, position) if is_start else None
        if head and head["table"]:
            table = _enter(_parts(head["table"]), counts, is_array=head["open"] == "[[")
            found.setdefault(table, line)
        elif head:
            _note(found, table, _parts(head["key"]), line)
        token = head or _TOKEN.match(text, position)
        if token is None:  # cannot be: the last branch of _TOKEN takes any character
            break
        depth += 0 if head else _change_of_depth(token[0])
        is_start = not head and depth == 0 and (token[0] == "\n" or (is_start and not token[0].strip()))
        line += token[0].count("\n")
        position = token.end()
    return found


def line_of(found: Mapping[Place, int], place: Place) -> int | None:
    """The line of `place`, or of the nearest table or key around it; None when the text names none of them."""
    while place:
        if place in found:
            return found[place]
        place = place[:-1]
    return None


def _change_of_depth(token: str) -> int:
    return {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)


def _parts(key: str) -> tuple[str, ...]:
    """`a."b.c"` → ("a", "b.c"); tomllib knows the escapes."""
    node: object = tomllib.loads(f"{key} = 0")
    parts: list[str] = []
    while isinstance(node, dict):
        part, node = next(iter(node.items()))
        parts.append(part)
    return tuple(parts)


def _enter(parts: tuple[str, ...], counts: MutableMapping[Place, int], *, is_array: bool) -> Place:
    """The place of a table's header: below an array of tables its latest element is meant."""
    place: Place = ()
    for index, part in enumerate(parts, start=1):
        place = (*place, part)
        if is_array and index == len(parts):
            counts[place] = counts.get(place, 0) + 1
        if place in counts:
            place = (*place, counts[place] - 1)
    return place


def _note(found: MutableMapping[Place, int], table: Place, parts: tuple[str, ...], line: int) -> None:
    for end in range(1, min(len(parts), _DEEPEST) + 1):
        found.setdefault((*table, *parts[:end]), line)
