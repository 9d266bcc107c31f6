"""CloudNativePG: the columns of csvlog by name in `record`, in the operator's own JSON line."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.queries.formats import Blocks, Missed
from perfkit.queries.wrappers.json_line import Fields, as_jsonlog, text_in, unwrapped


def is_wrapped(fields: Fields) -> bool:
    return text_in(fields, "record", "log_time") is not None


def unwrap(blocks: Blocks, missed: Missed) -> Iterator[bytes]:
    return unwrapped(blocks, missed, _inner)


def _inner(fields: Fields) -> bytes | None:
    record = fields.get("record")
    if not isinstance(record, dict):
        return b""  # the operator's own words
    query_id = text_in(record, "query_id") or ""
    return as_jsonlog(
        timestamp=text_in(record, "log_time"),
        user=text_in(record, "user_name"),
        dbname=text_in(record, "database_name"),
        message=text_in(record, "message"),
        detail=text_in(record, "detail"),
        query_id=int(query_id) if query_id.lstrip("-").isdecimal() else None,
    )
