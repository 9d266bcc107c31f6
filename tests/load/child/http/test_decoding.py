"""Bodies are unpacked when somebody reads them, and their size is known as cheaply as it can be."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from perfkit.load.child.http.decoding import decode, promised_bytes
from perfkit.load.child.http.failures import UndecodableBodyError
from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import a_raw_server, each

LIMIT = 1 << 20


def bare_deflate(body: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(body) + engine.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": bare_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("coding", PACKERS)
@given(st.binary(max_size=3000))
def test_what_was_packed_comes_out_again(coding: str, body: bytes) -> None:
    assert decode(PACKERS[coding](body), coding, LIMIT) == body


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@given(st.binary(max_size=200))
def test_a_damaged_body_is_one_kind_of_error(coding: str, body: bytes) -> None:
    with contextlib.suppress(UndecodableBodyError):
        assert len(decode(body, coding, LIMIT)) <= LIMIT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_is_cut_off_is_an_error(coding: str) -> None:
    packed = PACKERS[coding](bytes(range(256)) * 40)
    with pytest.raises(UndecodableBodyError):
        decode(packed[:-5], coding, LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_grows_beyond_the_limit_is_refused(coding: str) -> None:
    with pytest.raises(UndecodableBodyError, match="larger than max_reply_bytes"):
        decode(PACKERS[coding](bytes(200_000)), coding, 100_000)


def test_codings_are_undone_from_the_last_to_the_first() -> None:
    packed = brotli.compress(gzip.compress(b"both"))
    assert decode(packed, "gzip, br", LIMIT) == b"both"


def test_members_of_gzip_follow_one_another_and_padding_is_ignored() -> None:
    assert decode(gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0", "gzip", LIMIT) == b"ab"


def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(UndecodableBodyError, match="'compress' is not known"):
        decode(b"x", "compress", LIMIT)


@given(st.binary(max_size=3000))
def test_gzip_tells_its_size_without_being_unpacked(body: bytes) -> None:
    packed = gzip.compress(body)
    assert promised_bytes([packed[:5], packed[5:]], "gzip") == len(body)


@pytest.mark.parametrize(
    ("body", "coding"),
    [(b"\x1f\x8b" + b"\xff" * 20, "gzip"), (b"no gzip, but 18 bytes long", "gzip"), (b"", "gzip"), (b"x" * 50, "br")],
    ids=["an impossible size", "no gzip", "empty", "another coding"],
)
def test_a_size_that_cannot_be_told_is_none(body: bytes, coding: str) -> None:
    assert promised_bytes([body], coding) is None


def packed_reply(coding: str, body: bytes) -> bytes:
    packed = PACKERS[coding](body)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (coding.encode(), len(packed))
    return head + packed


@pytest.mark.parametrize(
    ("coding", "is_read", "decoded"),
    [("gzip", False, 5000), ("gzip", True, 5000), ("br", False, None), ("br", True, 5000), ("zstd", True, 5000)],
)
def test_a_row_knows_the_decoded_size_when_it_is_free_or_the_body_was_read(
    lean: Lean, coding: str, is_read: bool, decoded: int | None
) -> None:
    reply = packed_reply(coding, b"x" * 5000)
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(server.url, "r = client.get('/')\n" + ("result = len(r.text)" if is_read else ""))
    assert outcome.row["decoded_bytes"] == decoded
    assert outcome.row["wire_bytes"] == len(reply.partition(b"\r\n\r\n")[2])
    assert outcome.result == (5000 if is_read else None)


def test_reading_a_damaged_body_fails_its_row(lean: Lean) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(server.url, "client.get('/'); client.get('/').content")
    assert outcome.error == "UndecodableBodyError: the body is not gzip, as its Content-Encoding says"
    assert [row["error"] for row in outcome.rows] == [None, "other"]


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/html; charset=iso-8859-1", b"\xe4", "ä"),
        ('text/html; charset="utf-8"', "ä".encode(), "ä"),
        ("application/json", "ä".encode(), "ä"),
        ("text/plain", b"\xef\xbb\xbfa", "a"),
        ("text/plain", b"\xe4", "ä"),
        ("text/plain; charset=no-such", "ä".encode(), "ä"),
        ("text/plain; charset=base64", "ä".encode(), "ä"),
        ("text/plain; charset=utf-8", b"\xff", "�"),
    ],
)
def test_text_follows_the_charset_or_falls_back(lean: Lean, content_type: str, body: bytes, text: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with a_raw_server(each(head + body)) as server:
        assert lean.get(server.url).result == [200, text, True]
