"""One JSON object a line, as log services export it. Knows JSON and how to write a line again; knows no service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from perfkit.queries.formats import Blocks, Missed

Fields = dict[str, Any]


def fields_of(line: bytes) -> Fields | None:
    """The object in a line, also with the comma that follows it in an exported array; None when there is none."""
    try:
        fields: Any = json.loads(line.strip().rstrip(b",").decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def unwrapped(blocks: Blocks, missed: Missed, inner: Callable[[Fields], bytes | None]) -> Iterator[bytes]:
    """What `inner` finds in each object; None, or a line that is no object, is a line that could not be read."""
    for block in blocks:
        found = []
        for line in block.split(b"\n")[:-1]:
            fields = fields_of(line)
            text = inner(fields) if fields is not None else None
            if text is None:
                missed.lines += 1
            else:
                found.append(text)
        yield b"".join(found)


def as_stderr(text: str) -> bytes:
    """A message of several lines as the server would write it: further lines begin with a tab."""
    return text.rstrip("\n").replace("\r\n", "\n").replace("\n\t", "\n").replace("\n", "\n\t").encode() + b"\n"


def as_jsonlog(**fields: object) -> bytes:
    """A line of jsonlog; what is empty is left out, as the server does."""
    told = {key: value for key, value in fields.items() if value not in (None, "")}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def text_in(fields: object, *path: str) -> str | None:
    """The text at a path of keys, None when there is none."""
    for key in path:
        fields = fields.get(key) if isinstance(fields, dict) else None
    return fields if isinstance(fields, str) else None
