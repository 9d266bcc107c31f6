"""Values as Python text: strings, f-strings and trees. Whatever is in a value, what is written is one expression.

Knows the names that the written file has for what is known at run time only: `self.found[…]`, a local, a constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from perfkit.scaffold.script import Text, Use

WIDTH: Final = 100
QUOTE: Final = "quoted"  # the written file's function for a value inside an address


def string(text: str) -> str:
    """A string literal in double quotes, on one line."""
    return f'"{_inside(text)}"'


def pattern(text: str) -> str:
    """A regular expression: as a raw string where that can hold it."""
    quote = "'" if '"' in text else '"'
    is_raw = quote not in text and text.isprintable() and not text.endswith("\\")
    return f"r{quote}{text}{quote}" if is_raw else string(text)


def _inside(text: str) -> str:
    # With both quotes at its beginning repr takes single ones, escapes those and leaves the double ones.
    body = repr("'\"" + text)[4:-1]
    return body.replace("\\'", "'").replace('"', '\\"')


def words(text: Text, *, is_address: bool = False) -> str:
    """A text as a string, or as an f-string where it has holes; in an address what fills them is percent-encoded."""
    if all(isinstance(part, str) for part in text.parts):
        return string("".join(part for part in text.parts if isinstance(part, str)))
    if len(text.parts) == 1 and isinstance(text.parts[0], Use) and not is_address:
        return text_of(text.parts[0])
    return f'f"{"".join(_piece(part, is_address=is_address) for part in text.parts)}"'


def _piece(part: str | Use, *, is_address: bool) -> str:
    if isinstance(part, str):
        return _inside(part).replace("{", "{{").replace("}", "}}")
    inner = name(part, "'")  # Python 3.11 knows no double quotes inside an f-string of double quotes
    return f"{{{QUOTE}({inner})}}" if is_address else f"{{{inner}}}"


def name(use: Use, quote: str = '"') -> str:
    """How the written file calls a value, as it is."""
    return f"self.found[{quote}{use.name}{quote}]" if use.origin == "found" else use.name


def text_of(use: Use) -> str:
    """A value where a string is wanted."""
    return use.name if use.origin == "environment" else f"str({name(use)})"


def tree(value: Any, indent: int = 0) -> str:
    """A JSON value, with holes for what is known at run time only, as a Python expression."""
    line = _on_one_line(value)
    if len(line) + indent <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        rows = [f"{inner}{string(key)}: {tree(item, indent + 4)},\n" for key, item in value.items()]
        return "{\n" + "".join(rows) + " " * indent + "}"
    rows = [f"{inner}{tree(item, indent + 4)},\n" for item in value]
    return "[\n" + "".join(rows) + " " * indent + "]"


def _on_one_line(value: Any) -> str:
    match value:
        case Use():
            return f"int({name(value)} or 0)" if value.is_number else name(value)
        case Text():
            return words(value)
        case str():
            return string(value)
        case dict():
            return "{" + ", ".join(f"{string(key)}: {_on_one_line(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_on_one_line, value)) + "]"
        case float() if not math.isfinite(value):
            return "None"
    return repr(value)


def pairs(fields: Sequence[tuple[str, Text]], indent: int = 0) -> str:
    """A dict of texts."""
    return tree(dict(fields), indent)
