"""Read `jsonlog` lines (PostgreSQL 15 and later): one object a line, keys with no value left out.

https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-JSONLOG
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from perfkit.queries.formats.entry import LogEntry

SUFFIX: Final = ".json"


def entries(lines: Iterable[bytes]) -> Iterator[LogEntry | None]:
    """One entry a line; None where the line is no object with a time."""
    for line in lines:
        yield _entry(line)


def _entry(line: bytes) -> LogEntry | None:
    try:
        # The server writes each database's own encoding, so a byte may be no UTF-8: one odd character, not a lost line.
        fields: Any = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("timestamp"), str):
        return None
    return LogEntry(
        written_at=fields["timestamp"],
        database=_text(fields.get("dbname")),
        message=_text(fields.get("message")) or "",
        detail=_text(fields.get("detail")),
        query_id=_query_id(fields.get("query_id")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _query_id(value: object) -> str | None:
    """As text: it does not fit in a double. The server writes 0 where it computes none."""
    return str(value) if isinstance(value, int) and value else None
