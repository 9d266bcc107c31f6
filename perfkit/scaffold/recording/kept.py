"""What of a recording is load on the target: no static files, no other hosts, nothing that the browser does by itself.

What is left out is counted, by the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.scaffold import addresses, names
from perfkit.scaffold.recording.exchange import Exchange

MOST_STEPS: Final = 2_000
LONGEST_ADDRESS: Final = 8_000
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_STATIC_KINDS: Final = frozenset(
    {"image", "font", "stylesheet", "script", "media", "manifest", "texttrack", "imageset"}
)
_STATIC_MIMES: Final = ("image/", "font/", "audio/", "video/", "text/css", "application/font", "application/wasm")
STATIC_ENDS: Final = (
    *(".css", ".js", ".mjs", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".avif", ".woff"),
    *(".woff2", ".ttf", ".otf", ".eot", ".mp4", ".webm", ".mp3", ".wasm"),
)
# What the browser or the client says by itself, or what belongs to the recording's own host and cache.
_HEADERS_LEFT_OUT: Final = frozenset(
    {
        *("host", "connection", "content-length", "content-type", "accept-encoding", "cookie", "referer", "origin"),
        *("user-agent", "cache-control", "pragma", "upgrade-insecure-requests", "dnt", "priority", "te", "purpose"),
        *("if-none-match", "if-modified-since", "keep-alive", "transfer-encoding", "upgrade", "expect", "range"),
    }
)


@dataclass(frozen=True, slots=True)
class Kept:
    """Entries that become steps, and why the others do not."""

    exchanges: tuple[Exchange, ...]
    left_out: Counter[str]


def origin_of(exchange: Exchange) -> str | None:
    return addresses.origin_or_none(exchange.url.geturl()) if exchange.url else None


def main_origin(exchanges: Sequence[Exchange]) -> str | None:
    """Where most of the requests went that are no static files."""
    counts = Counter(origin_of(exchange) for exchange in exchanges if _why_not(exchange) is None)
    del counts[None]
    return counts.most_common(1)[0][0] if counts else None


def kept_of(exchanges: Sequence[Exchange], origin: str | None) -> Kept:
    kept: list[Exchange] = []
    left_out = Counter[str]()
    for exchange in exchanges:
        reason = _why_not(exchange)
        if reason is None and origin_of(exchange) != origin:
            reason = (
                f"to another host ({names.one_line(exchange.url.netloc.rpartition('@')[2]) if exchange.url else ''})"
            )
        if reason is None and len(kept) == MOST_STEPS:
            reason = f"after the first {MOST_STEPS:,}"
        if reason is None:
            kept.append(exchange)
        else:
            left_out[reason] += 1
    return Kept(tuple(kept), left_out)


def _host_of(exchange: Exchange) -> str:
    return names.one_line(exchange.url.netloc.rpartition("@")[2])[:100] if exchange.url else ""


def _why_not(exchange: Exchange) -> str | None:
    url = exchange.url
    if url is None:
        return "without an address"
    if url.scheme not in ("http", "https") or exchange.status == 101 or exchange.kind == "websocket":
        return "not HTTP (WebSocket, data:, blob:)"
    if exchange.method == "OPTIONS":
        return "preflight (OPTIONS)"
    if exchange.method not in _METHODS:
        return "with an uncommon method"
    if len(url.path) + len(url.query) > LONGEST_ADDRESS:
        return "with a very long address"
    if exchange.method in ("GET", "HEAD") and _is_static(exchange):
        return "static files"
    return "never answered" if exchange.status < 100 else None


def _is_static(exchange: Exchange) -> bool:
    path = exchange.url.path.lower() if exchange.url else ""
    is_script = "javascript" in exchange.reply_mime and exchange.kind not in ("xhr", "fetch")
    is_of_kind = exchange.kind in _STATIC_KINDS or exchange.reply_mime.startswith(_STATIC_MIMES)
    return path.endswith(STATIC_ENDS) or is_of_kind or is_script


def is_said(name: str, value: str) -> bool:
    lower = name.lower()
    is_own = lower in _HEADERS_LEFT_OUT or lower.startswith((":", "sec-", "proxy-", "if-none"))
    is_default = lower == "accept" and value.strip() == "*/*"
    return not is_own and not is_default and bool(value) and is_sendable(name + value)


def is_sendable(text: str) -> bool:
    return text.isascii() and text.isprintable()
