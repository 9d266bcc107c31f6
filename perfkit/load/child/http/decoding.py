"""Content codings: gzip, deflate, br, zstd, and what they say of a body's size without decoding it. Knows no HTTP."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Sequence
from typing import Any, Final

from perfkit.load.child.http.failures import UndecodableBodyError

# DEFLATE packs at most 258 bytes into 2 bits. A trailer that promises more is not a trailer.
_MOST_PER_BYTE: Final = 1032
_GZIP_FRAME_BYTES: Final = 18


def decode(body: bytes, codings: str, limit: int) -> bytes:
    """The body as it was before the codings of a Content-Encoding header were applied, last first.

    Raises:
        UndecodableBodyError: it is damaged, cut off, larger than `limit` bytes, or its coding is not known.
    """
    for coding in reversed(codings.lower().split(",")):
        name = coding.strip()
        if name in ("", "identity") or not body:
            continue
        if name not in _DECODERS:
            raise UndecodableBodyError(f"the content coding {name!r} is not known here")
        body = _DECODERS[name](body, limit)
    return body


def promised_bytes(chunks: Sequence[bytes], codings: str) -> int | None:
    """The decoded size that a gzip body states in its last four bytes (RFC 1952, ISIZE); None when it cannot be told.

    Exact below 4 GiB for the one member that servers send; of several members it would be the last one's size. A body
    that is read later corrects it.
    """
    if codings.strip().lower() not in ("gzip", "x-gzip"):
        return None
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    size = int.from_bytes(body[-4:], "little")
    is_credible = body[:2] == b"\x1f\x8b" and len(body) >= _GZIP_FRAME_BYTES and size <= _MOST_PER_BYTE * len(body)
    return size if is_credible else None


def _gunzip(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    rest = body
    while rest[:2] == b"\x1f\x8b":  # members may follow one another; what follows the last is padding
        engine = zlib.decompressobj(16 + zlib.MAX_WBITS)
        parts.append(_inflate(engine, rest, limit))
        limit -= len(parts[-1])
        rest = engine.unused_data
    if not parts:
        raise UndecodableBodyError("the body is not gzip, as its Content-Encoding says")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _undeflate(body: bytes, limit: int) -> bytes:
    """With the zlib frame (RFC 1950) that the standard asks for, or without, as old servers send it."""
    is_framed = body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflate(zlib.decompressobj(zlib.MAX_WBITS if is_framed else -zlib.MAX_WBITS), body, limit)


def _inflate(engine: Any, body: bytes, limit: int) -> bytes:
    try:
        decoded: bytes = engine.decompress(body, limit + 1)
    except zlib.error as error:
        raise UndecodableBodyError(f"the body is damaged: {error}") from error
    return _whole(decoded, limit, is_whole=engine.eof)


def _unbrotli(body: bytes, limit: int) -> bytes:
    import brotli  # type: ignore[import-untyped]  # comes with Locust's own HTTP client

    engine = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    feed = body
    while not engine.is_finished() and size <= limit:
        try:
            part: bytes = engine.process(feed, output_buffer_limit=limit + 1)
        except brotli.error as error:
            raise UndecodableBodyError(f"the body is damaged: {error}") from error
        if not part and not feed:
            break
        parts.append(part)
        size += len(part)
        feed = b""
    return _whole(b"".join(parts), limit, is_whole=engine.is_finished())


def _unzstd(body: bytes, limit: int) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    engine = zstd.ZstdDecompressor()
    try:
        decoded = engine.decompress(body, limit + 1)
    except zstd.ZstdError as error:
        raise UndecodableBodyError(f"the body is damaged: {error}") from error
    return _whole(decoded, limit, is_whole=engine.eof)


def _whole(decoded: bytes, limit: int, *, is_whole: bool) -> bytes:
    if len(decoded) > limit:
        raise UndecodableBodyError(f"the decoded body is larger than max_reply_bytes ({limit})")
    if not is_whole:
        raise UndecodableBodyError("the body is cut off")
    return decoded


_DECODERS: Final = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
