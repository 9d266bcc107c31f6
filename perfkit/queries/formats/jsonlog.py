"""Read `jsonlog` lines (PostgreSQL 15 and later): one object a line, keys with no value left out.

Most lines of a log are no durations: those are told apart, and counted, without being parsed.
https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-JSONLOG
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from perfkit.queries.durations import is_duration
from perfkit.queries.formats.entry import Blocks, LogEntry, Missed
from perfkit.queries.formats.prefix import Prefix

SUFFIX: Final = ".json"
_decode: Final[Callable[[str], tuple[Any, int]]] = json.JSONDecoder().raw_decode
_HIT: Final = b'"message":"duration: '
_BEGINNING: Final = b'{"timestamp":"'


def entries(blocks: Blocks, missed: Missed, prefix: Prefix | None = None) -> Iterator[LogEntry]:
    """See `Format`. A line that is no object with a time is missed."""
    for block in blocks:
        missed.lines += _odd_lines(block)
        hit = block.find(_HIT)
        while hit >= 0:
            start, end = block.rfind(b"\n", 0, hit) + 1, block.find(b"\n", hit)
            line = block[start:end]
            entry = _entry(line)
            if entry is not None:
                yield entry
            elif _looks_whole(line):
                missed.lines += 1
            hit = block.find(_HIT, end)


def _odd_lines(block: bytes) -> int:
    """Lines that are no entry. In a sound block each end of an entry is followed by the beginning of the next."""
    joints = block.count(b"}\n" + _BEGINNING)
    if joints + 1 == block.count(b"\n") and block.startswith(_BEGINNING) and block.endswith(b"}\n"):
        return 0
    return sum(not _looks_whole(line) and _fields(line) is None for line in block.split(b"\n")[:-1])


def _looks_whole(line: bytes) -> bool:
    return line.startswith(_BEGINNING) and line.endswith(b"}")


def _fields(line: bytes) -> dict[str, Any] | None:
    try:
        # The server writes each database's own encoding, so a byte may be no UTF-8: one odd character, not a lost line.
        text = line.decode("utf-8", "replace")
        fields, end = _decode(text)
    except (ValueError, RecursionError):
        return None
    is_entry = isinstance(fields, dict) and isinstance(fields.get("timestamp"), str)
    return fields if is_entry and not text[end:].strip() else None


def _entry(line: bytes) -> LogEntry | None:
    fields = _fields(line)
    if fields is None:
        return None
    message = _text(fields.get("message"))
    if message is None or not is_duration(message):
        return None
    return LogEntry(
        fields["timestamp"],
        _text(fields.get("dbname")),
        message,
        _text(fields.get("detail")),
        _query_id(fields.get("query_id")),
        _text(fields.get("user")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _query_id(value: object) -> str | None:
    """As text: it does not fit in a double. The server writes 0 where it computes none."""
    return str(value) if isinstance(value, int) and value else None
