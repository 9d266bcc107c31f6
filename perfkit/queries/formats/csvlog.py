"""Read `csvlog`: 23 columns before PostgreSQL 13, 24 in 13, 26 from 14 on; a message may span lines in its quotes.

A whole entry fits one pattern, so what lies between two entries is what could not be read: an entry that was cut off
in its quotes costs itself and not the next.
https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-CSVLOG
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from perfkit.queries.formats.entry import Blocks, LogEntry, Missed
from perfkit.queries.formats.prefix import Prefix

SUFFIX: Final = ".csv"
_MAX_HELD_BYTES: Final = 32 << 20
_FIELD: Final = rb'(?:"(?:[^"]++|"")*+"|[^",\n]*+)'
_ENTRY: Final = re.compile(
    rb"""^(?P<at>\d{4}-\d\d-\d\d\ \d\d:\d\d:\d\d(?:\.\d+)?\ [^,"\n]+),
    (?P<user>FIELD),(?P<database>FIELD)(?:,FIELD){10},
    (?P<message>FIELD),(?P<detail>FIELD)(?:,FIELD){8}
    (?:,FIELD(?:,FIELD,(?P<query_id>FIELD))?)?+\r?\n""".replace(b"FIELD", _FIELD),
    re.VERBOSE | re.MULTILINE,
)


def entries(blocks: Blocks, missed: Missed, prefix: Prefix | None = None) -> Iterator[LogEntry]:
    """See `Format`."""
    held = b""
    for block in blocks:
        text = held + block if held else block
        end = 0
        for found in _ENTRY.finditer(text):
            if found.start() != end:
                missed.lines += text.count(b"\n", end, found.start())
            end = found.end()
            if found["message"].startswith(b'"duration: '):
                yield _entry(found)
        held = text[end:]
        if len(held) > _MAX_HELD_BYTES:
            missed.lines += held.count(b"\n")
            held = b""
    missed.lines += held.count(b"\n")


def _entry(found: re.Match[bytes]) -> LogEntry:
    query_id = _text(found["query_id"])
    return LogEntry(
        found["at"].decode("utf-8", "replace"),
        _text(found["database"]),
        _text(found["message"]) or "",
        _text(found["detail"]),
        query_id if query_id != "0" else None,
        _text(found["user"]),
    )


def _text(field: bytes | None) -> str | None:
    """A field without its quotes; an empty one without quotes is none."""
    if not field:
        return None
    text = field.decode("utf-8", "replace")
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
