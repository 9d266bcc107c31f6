"""Azure Database for PostgreSQL, exported by Azure Monitor: fields of an entry in `properties`.

A flexible server writes its prefix and the severity into the message, and a DETAIL as an object of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from perfkit.queries.formats import Blocks, Missed
from perfkit.queries.wrappers.json_line import Fields, as_jsonlog, fields_of, text_in

_PREFIX: Final = re.compile(r"[^\n]{0,200}?(?P<severity>LOG|DETAIL):  ")


def is_wrapped(fields: Fields) -> bool:
    return text_in(fields, "properties", "message") is not None


def unwrap(blocks: Blocks, missed: Missed) -> Iterator[bytes]:
    """Each entry is held back until the next has come, which may be its DETAIL."""
    held: dict[str, str | None] | None = None
    for block in blocks:
        found = []
        for line in block.split(b"\n")[:-1]:
            entry = _entry(line)
            if entry is None:
                missed.lines += 1
            elif held is not None and entry["severity"] == "DETAIL" and entry["pid"] == held["pid"]:
                held["detail"] = entry["message"]
            else:
                found.append(_line(held))
                held = entry
        yield b"".join(found)
    yield _line(held)


def _entry(line: bytes) -> dict[str, str | None] | None:
    fields = fields_of(line)
    told = fields.get("properties") if fields else None
    message = text_in(told, "message")
    if not isinstance(told, dict) or message is None:
        return None
    prefix = _PREFIX.match(message)
    return {
        "severity": prefix["severity"] if prefix else "LOG",
        "pid": str(told.get("processId")),
        "timestamp": text_in(told, "timestamp") or text_in(fields, "time") or "unknown",
        "user": text_in(told, "user"),
        "dbname": text_in(told, "databaseName") or text_in(told, "database"),
        "message": message[prefix.end() :] if prefix else message,
        "detail": text_in(told, "detail"),
    }


def _line(entry: dict[str, str | None] | None) -> bytes:
    if entry is None:
        return b""
    told = {key: value for key, value in entry.items() if key not in ("severity", "pid")}
    return as_jsonlog(**told)
