"""Google Cloud SQL, exported by Cloud Logging: a line of the server, with its prefix, in `textPayload`."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.queries.formats import Blocks, Missed
from perfkit.queries.wrappers.json_line import Fields, as_stderr, text_in, unwrapped


def is_wrapped(fields: Fields) -> bool:
    return _payload(fields) is not None


def unwrap(blocks: Blocks, missed: Missed) -> Iterator[bytes]:
    return unwrapped(blocks, missed, _inner)


def _inner(fields: Fields) -> bytes | None:
    payload = _payload(fields)
    return None if payload is None else as_stderr(payload)


def _payload(fields: Fields) -> str | None:
    return text_in(fields, "textPayload") or text_in(fields, "jsonPayload", "message")
