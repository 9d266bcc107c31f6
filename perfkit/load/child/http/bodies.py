"""What a scenario hands over as data, as the bytes that are sent: forms, JSON, files, queries. Knows no headers."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


def with_params(url: str, params: Mapping[str, Any] | Iterable[tuple[str, Any]] | str | bytes) -> str:
    """The URL with these behind its query; a value of None is left out, one that is a list is repeated."""
    query = params if isinstance(params, str) else params.decode("ascii") if isinstance(params, bytes) else form(params)
    if not query:
        return url
    path, fragment_sign, fragment = url.partition("#")
    joint = "" if path.endswith(("?", "&")) else "&" if "?" in path else "?"
    return f"{path}{joint}{query}{fragment_sign}{fragment}"


def form(pairs: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> str:
    """As a form or a query."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return urlencode([(key, value) for key, value in items if value is not None], doseq=True)


def body_of(data: Any, json: Any, files: Any) -> tuple[bytes, str | None]:
    """The bytes, and the Content-Type that they imply.

    `data`: text (sent as UTF-8), bytes, a mapping or pairs (a form), a readable file, or an iterable of text or bytes.
    `json` counts without data only.
    """
    if files:
        return _multipart(data, files)
    if data is None or data in ("", b""):
        return (b"", None) if json is None else (json_text.dumps(json).encode(), JSON)
    if isinstance(data, str | bytes | bytearray | memoryview):
        return _bytes(data), None
    if hasattr(data, "read"):
        return _bytes(data.read()), None
    if isinstance(data, Mapping):
        return form(data).encode("ascii"), FORM
    items = list(data)
    if items and isinstance(items[0], tuple | list):
        return form(items).encode("ascii"), FORM
    return b"".join(map(_bytes, items)), None


def _bytes(text: Any) -> bytes:
    return text.encode("utf-8") if isinstance(text, str) else bytes(text)


def _multipart(data: Any, files: Any) -> tuple[bytes, str]:
    from requests import Request

    prepared = Request("POST", "http://any", data=data, files=files).prepare()
    return _bytes(prepared.body), str(prepared.headers["Content-Type"])
