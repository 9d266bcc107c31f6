"""The body of a recorded request: JSON as a tree, a form as pairs, anything else as the text that it is."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import parse_qsl

from perfkit.scaffold import loose
from perfkit.scaffold.recording.exchange import Exchange
from perfkit.scaffold.script import Body, Text

LARGEST: Final = 200_000
_BOUNDARY: Final = "perfkit-boundary"


class NotWritableError(Exception):
    """Why a body cannot be written into a scenario; nobody but the importer sees it."""


def body_of(exchange: Exchange) -> Body | None:
    """The body, or None where there is none.

    Raises:
        NotWritableError: it is too large, or the recording left it out.
    """
    if not exchange.has_body:
        if any(name.lower() == "content-length" and value.strip("0 ") for name, value in exchange.headers):
            raise NotWritableError("its body is not in the recording")
        return None
    if len(exchange.posted) > LARGEST:
        raise NotWritableError(f"its body of {len(exchange.posted):,} characters is too large to be written down")
    mime = exchange.mime.lower()
    if not exchange.posted:
        return _of_fields(exchange, mime)
    if "x-www-form-urlencoded" in mime and (fields := _form(exchange.posted)):
        return Body("form", tuple((name, Text((value,))) for name, value in fields))
    tree = _json(exchange.posted)
    return Body("raw", Text((exchange.posted,))) if tree is None else Body("json", tree)


def _form(text: str) -> list[tuple[str, str]] | None:
    try:
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=2_000)
    except ValueError:  # not a form, whatever it says
        return None
    return fields


def _json(text: str) -> Any:
    """The object or list in a text, or None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        tree = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    if not loose.is_plain(tree):
        raise NotWritableError("its body is nested too deeply to be written down")
    return tree


def _of_fields(exchange: Exchange, mime: str) -> Body:
    if "multipart" not in mime:
        return Body("form", tuple((name, Text((value,))) for name, value in exchange.fields))
    lines = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in exchange.fields
    ]
    return Body("raw", Text((f"{''.join(lines)}--{_BOUNDARY}--\r\n",)))


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", " ").replace("\n", " ")


def content_type_of(exchange: Exchange, body: Body | None) -> str | None:
    """What has to be said of the body beside it; JSON sent as JSON says it by itself."""
    if body is None:
        return None
    if body.kind == "raw" and not exchange.posted:
        return f"multipart/form-data; boundary={_BOUNDARY}"
    if body.kind == "form":
        return "application/x-www-form-urlencoded"
    mime = exchange.mime or "text/plain"
    return None if body.kind == "json" and mime.split(";")[0].strip().lower() == "application/json" else mime
