"""What a reply or an exception says: cache status, sizes, error kind. Knows headers and exceptions, not Locust.

Used inside the load generator for every request, so it is written to cost little.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final

_WORDS: Final = {
    "hit": "hit",
    "stale": "stale",
    "updating": "stale",
    "revalidated": "revalidated",
    "refreshhit": "hit",
    "miss": "miss",
    "expired": "miss",
    "dynamic": "bypass",
    "bypass": "bypass",
    "none": "bypass",
    "pass": "bypass",
}
_OURS: Final = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM}


def cache_status(headers: Mapping[str, Any], status: int | None) -> str | None:
    """hit, stale, revalidated, miss, bypass, or None when the reply does not tell.

    The first of these that is present decides: `Cache-Status` (RFC 9211; the last member is the cache nearest to the
    client), `CF-Cache-Status`, `X-Cache`, `X-Cache-Status`, `Age` above 0, status 304.
    """
    # Most replies have none of these, and `in` costs a third of `get`.
    if "cache-status" in headers:
        return _rfc9211(_text(headers["cache-status"]))
    for name in ("cf-cache-status", "x-cache", "x-cache-status"):
        if name in headers:
            return _WORDS.get(_first_word(_text(headers[name])))
    if "age" in headers and (age := _text(headers["age"]).strip()).isdigit() and int(age) > 0:
        return "hit"
    return "revalidated" if status == 304 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, value))


def _first_word(text: str) -> str:
    words = text.replace("_", " ").replace("-", " ").lower().split()
    for word in words:
        if word.strip(",;") in _WORDS:
            return word.strip(",;")
    return ""


def _rfc9211(text: str) -> str | None:
    parameters = [part.strip().lower() for part in text.rsplit(",", 1)[-1].split(";")[1:]]
    if "hit" in parameters:
        return "hit"
    for parameter in parameters:
        if parameter.startswith("fwd="):
            reason = parameter.removeprefix("fwd=")
            if reason == "stale" and "fwd-status=304" in parameters:
                return "revalidated"
            return {"stale": "stale", "bypass": "bypass", "method": "bypass"}.get(reason, "miss")
    return None


def error_kind(exception: BaseException, status: int | None) -> str:
    """connect, timeout, closed, tls, http_4xx, http_5xx, validation, generator or other: by what went wrong underneath.

    "generator" is this side's own shortage (open files, ports, memory), not the target's fault.
    """
    if status is not None and status >= 400:
        return "http_4xx" if status < 500 else "http_5xx"
    kinds = [kind for cause in _causes(exception) if (kind := _kind_of(cause)) is not None]
    return kinds[0] if kinds else "other"


def _causes(exception: BaseException) -> Iterator[BaseException]:
    """The exception and what it wraps, the innermost first: the wrapper's type says less than what it wraps."""
    chain: list[BaseException] = []
    cause: BaseException | None = exception
    while isinstance(cause, BaseException) and cause not in chain:
        chain.append(cause)
        wrapped = (getattr(cause, "original", None), getattr(cause, "reason", None), cause.__cause__)
        inner = next((item for item in (*wrapped, *cause.args) if isinstance(item, BaseException)), None)
        cause = inner or cause.__context__
    yield from reversed(chain)


def _kind_of(error: BaseException) -> str | None:
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "timeout"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, (ConnectionRefusedError, socket.gaierror)):
        return "connect"
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return "closed"
    if name in {"HTTPConnectionClosed", "RemoteDisconnected", "IncompleteRead", "ProtocolError", "ConnectionClosed"}:
        return "closed"
    if name in {"CatchResponseError", "ResponseError", "RescheduleTask"}:
        return "validation"
    if isinstance(error, OSError) and error.errno is not None:
        return "generator" if error.errno in _OURS else "connect"
    return None
