"""One request and its reply as a HAR recorded them, with what is missing or of a wrong type left empty.

Knows the shape of a HAR entry (HAR 1.2, and what Chrome and Firefox add); judges nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from perfkit.scaffold import loose

Pairs = tuple[tuple[str, str], ...]
_TEXTUAL: Final = ("text/", "json", "xml", "javascript", "x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Times in seconds (`started_at` unix, None where it is not told). `posted` is the body, "" without one;
    `fields` are its parts where the recording gives only those. `reply` is the reply's body where it is text."""

    method: str
    url: SplitResult | None
    headers: Pairs
    mime: str
    posted: str
    fields: Pairs
    status: int
    reply_headers: Pairs
    reply_mime: str
    reply: str
    cookies: Pairs
    started_at: float | None
    took_s: float
    kind: str

    @property
    def has_body(self) -> bool:
        return bool(self.posted or self.fields)


def read_exchange(entry: Mapping[str, Any]) -> Exchange:
    """An entry of `log.entries`."""
    request, response = loose.table(entry.get("request")), loose.table(entry.get("response"))
    posted, content = loose.table(request.get("postData")), loose.table(response.get("content"))
    mime = loose.text(content.get("mimeType")).lower()
    return Exchange(
        method=loose.text(request.get("method")).upper(),
        url=_split(loose.text(request.get("url"))),
        headers=tuple(_pairs(request.get("headers"))),
        mime=loose.text(posted.get("mimeType")),
        posted=loose.text(posted.get("text")).encode("utf-8", "replace").decode(),  # halves of letters cannot be sent
        fields=tuple(_pairs(posted.get("params"))),
        status=int(loose.number(response.get("status")) or 0),
        reply_headers=tuple(_pairs(response.get("headers"))),
        reply_mime=mime,
        reply=_reply_of(content, mime),
        cookies=(*_pairs(request.get("cookies")), *_pairs(response.get("cookies"))),
        started_at=_time_of(loose.text(entry.get("startedDateTime"))),
        took_s=max(loose.number(entry.get("time")) or 0.0, 0.0) / 1_000,
        kind=loose.text(entry.get("_resourceType")).lower(),
    )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        return parts if parts.scheme and (parts.hostname or parts.scheme not in ("http", "https")) else None
    except ValueError:  # a bracket that is not closed
        return None


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    for pair in loose.tables(value):
        if name := loose.text(pair.get("name")):
            yield name, loose.text(pair.get("value"))


def _reply_of(content: Mapping[str, Any], mime: str) -> str:
    text = loose.text(content.get("text"))
    if loose.text(content.get("encoding")).lower() != "base64":
        return text
    if not any(kind in mime for kind in _TEXTUAL):
        return ""
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _time_of(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
