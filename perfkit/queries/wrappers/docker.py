"""Docker's and Kubernetes' json-file: what the server wrote to its standard error, a line in `log`."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.queries.formats import Blocks, Missed
from perfkit.queries.log_files import whole_lines
from perfkit.queries.wrappers.json_line import Fields, text_in, unwrapped


def is_wrapped(fields: Fields) -> bool:
    return isinstance(fields.get("log"), str) and "stream" in fields


def unwrap(blocks: Blocks, missed: Missed) -> Iterator[bytes]:
    """A long line comes in pieces, of which only the last has its end."""
    return whole_lines(unwrapped(blocks, missed, _inner))


def _inner(fields: Fields) -> bytes | None:
    line = text_in(fields, "log")
    return None if line is None else line.encode("utf-8", "replace")
