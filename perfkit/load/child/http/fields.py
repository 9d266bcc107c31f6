"""Header fields as text: mappings, cookies, the charset; those of a reply and those that were sent. Knows no bodies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from requests.structures import CaseInsensitiveDict

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)


class WatchedHeaders(CaseInsensitiveDict[Any]):
    """Header fields that tell when they are changed."""

    def __init__(self, fields: Mapping[str, Any], on_change: Callable[[], None]) -> None:
        self._on_change: Callable[[], None] = lambda: None
        super().__init__(fields)
        self._on_change = on_change

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._on_change()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._on_change()


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What was sent, the last time when there were redirects."""

    method: str
    url: str
    headers: CaseInsensitiveDict[str]
    body: bytes | None


def joined(fields: Iterable[tuple[bytes, bytes]]) -> CaseInsensitiveDict[str]:
    """Names in any case; a field that comes more than once is joined with commas."""
    fields_by_name: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name_bytes, value_bytes in fields:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        fields_by_name[name] = f"{fields_by_name[name]}, {value}" if name in fields_by_name else value
    return fields_by_name


def cookies_in(names: Sequence[bytes], values: Sequence[bytes]) -> dict[str, str]:
    """Name and value of each cookie that these fields set."""
    jar: SimpleCookie = SimpleCookie()
    for name, value in zip(names, values, strict=True):
        if name.lower() == b"set-cookie":
            try:
                jar.load(value.decode("latin-1"))
            except CookieError:
                continue
    return {name: morsel.value for name, morsel in jar.items()}


def charset(content_type: str) -> str | None:
    """The one that a Content-Type names."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def sent_request(sent: bytes, url: str) -> SentRequest:
    """The bytes of a request, read back."""
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    split = (line.partition(b": ") for line in lines)
    method = first.partition(b" ")[0].decode("latin-1")
    return SentRequest(method, url, joined((name, value) for name, _, value in split), body or None)
