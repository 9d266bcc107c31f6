"""Names: the pattern of an address as an endpoint's name, words for files and for Python. Knows no source."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote

from perfkit.patterns import placeholder

LONGEST_NAME: Final = 200
DEEPEST: Final = 8
DEEPER: Final = "{deeper}"
# Names that a written scenario uses itself, and the one method of Locust that a request could be called like.
_RESERVED: Final = frozenset(
    {
        *("get_next_task", "self", "quoted", "os", "random", "re", "html", "time", "task", "between", "constant"),
        *("int", "str", "dict", "list", "reply", "pause", "pointed", "matched", "annotations", "asking", "known"),
    }
)


def pattern_of(address: str) -> str:
    """The path of an address with placeholders for what varies: "/customers/17?page=2" → "/customers/{id}"."""
    segments = address.partition("?")[0].split("/")[1:]
    folded = [placeholder(segment) or unquote(segment) for segment in segments[:DEEPEST]]
    if len(segments) > DEEPEST:
        folded.append(DEEPER)
    return one_line("/" + "/".join(folded))[:LONGEST_NAME]


def one_line(text: str) -> str:
    """A text that can be printed in a row of a table: nothing in it steers a terminal or ends a line."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def slug(text: str, fallback: str) -> str:
    """A word for a folder: small letters, digits and _."""
    found = "_".join(re.findall(r"[a-z0-9]+", text.lower()))[:40].strip("_")
    return found if found and not found[0].isdigit() else fallback


def words_of(key: str) -> list[str]:
    """The words of a key, small: "customerId", "customer-id" and "customer_id" are customer and id."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", key)]


def identifier(text: str, taken: Collection[str] = ()) -> str:
    """A Python name out of a text, other than those that are `taken`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    word = "_".join(re.findall(r"[a-z0-9]+", spaced.lower()))[:60].strip("_") or "it"
    word = f"n_{word}" if word[0].isdigit() else word
    word = f"{word}_" if keyword.iskeyword(word) or keyword.issoftkeyword(word) or word in _RESERVED else word
    number, found = 1, word
    while found in taken:
        number += 1
        found = f"{word}_{number}"
    return found
