"""Servers that break the rules on purpose: the request ends, raises nothing, and is one row that says what is wrong."""

from __future__ import annotations

import gzip

import brotli
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.load.child.http.conftest import Lean, Outcome
from tests.load.child.http.raw import OK, Script, Talk, a_raw_server, each

HEAD = b"HTTP/1.1 200 OK\r\n"
PACKED = gzip.compress(b"body " * 50, mtime=0)
IN_CHUNKS = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\nX-Sum: 1\r\n\r\n" % (9, PACKED[:9], len(PACKED) - 9, PACKED[9:])
WHOLE = {
    "a length": HEAD + b"X-A: b\r\nContent-Length: 5\r\n\r\nhello",
    "packed chunks and a trailer": HEAD + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" + IN_CHUNKS,
    "an interim reply": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + OK,
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
}
GUARDED = """
with gevent.Timeout(10):
    for _ in range({times}):
        response = client.get("/")
        result = (response.status_code, response.ok)
"""


def ask(lean: Lean, url: str, times: int = 1, **limits: float) -> Outcome:
    """So many GETs; one that hangs is an error of the outcome."""
    limits = {"silence_s": 0.5, "reply_bytes": 100_000} | limits
    return lean.run(url, GUARDED.format(times=times), limits=limits, max_redirects=0)


def cut_off(reply: bytes, *, is_reset: bool) -> list[Script]:
    """A script for each connection: the first says nothing, the next one byte, and so on."""

    def script_for(said: bytes) -> Script:
        def script(talk: Talk) -> None:
            talk.hear()
            talk.say(said)
            if is_reset:
                talk.reset()

        return script

    return [script_for(reply[:length]) for length in range(len(reply))]


@pytest.mark.parametrize("reply", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
def test_a_reply_cut_off_at_any_byte_is_one_closed_row(lean: Lean, reply: bytes, is_reset: bool) -> None:
    with a_raw_server(*cut_off(reply, is_reset=is_reset)) as server:
        outcome = ask(lean, server.url, times=len(reply))
    assert outcome.error is None
    assert [row["error"] for row in outcome.rows] == ["closed"] * len(reply)
    assert all(row["message"] for row in outcome.rows)


def endless(start: bytes, again: bytes) -> Script:
    """Say `again` for as long as the client stays."""

    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(start)
        while True:
            talk.say(again * 100)

    return script


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"X-A: ", b"aaaaaaaa"),
        (b"HTTP/1.1 200 ", b"OK "),
        (b"", b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"),
        (HEAD + b"\r\n", b"x"),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"name=value;"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n"),
    ],
    ids=[
        "headers",
        "one header",
        "a reason",
        "empty lines",
        "interim replies",
        "interim replies with headers",
        "a body until close",
        "a body of a length",
        "chunks",
        "a chunk's extension",
        "trailers",
    ],
)
def test_what_never_ends_is_refused(lean: Lean, start: bytes, again: bytes) -> None:
    with a_raw_server(endless(start, again)) as server:
        outcome = ask(lean, server.url)
    assert (outcome.error, outcome.row["error"]) == (None, "other")
    assert outcome.row["message"]


WRONG_LENGTHS = [b"-5", b"+5", b"5, 5", b"5 5", b"0x5", b"1e3", b"", b"9" * 30, b"18446744073709551616", b"\xb2"]
WRONG_SIZES = [b"-5", b"+5", b"0x5", b"5 5", b"", b"f" * 17, b"10000000000000000", b"5\n", b"\xb2"]


@pytest.mark.parametrize(
    "reply",
    [
        *(HEAD + b"Content-Length: " + length + b"\r\n\r\nhello" for length in WRONG_LENGTHS),
        *(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\nhello\r\n0\r\n\r\n" for size in WRONG_SIZES),
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_a_framing_that_cannot_be_right_is_one_row(lean: Lean, reply: bytes) -> None:
    """Whether it is forgiven is the parser's affair; the next request must not meet what is left of it."""

    def script(talk: Talk) -> None:
        while b"GET / " in talk.hear():
            talk.say(reply)

    with a_raw_server(script) as server:
        outcome = ask(lean, server.url, times=2)
    assert outcome.error is None
    first, second = outcome.rows
    assert {first["error"], second["error"]} <= {None, "other", "closed", "timeout"}
    assert (first["error"], first["wire_bytes"]) == (second["error"], second["wire_bytes"])


def test_a_reply_that_came_before_its_request_is_not_given_to_the_one_after(lean: Lean) -> None:
    """The first is taken as the reply, for nobody can tell; what then comes on top ends the connection."""

    def script(talk: Talk) -> None:
        talk.say(OK)
        talk.hear()
        talk.say(OK.replace(b"ok", b"no"))
        talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = lean.run(
            server.url,
            """
            result = []
            for _ in range(3):
                result.append(client.get("/").text)
                gevent.sleep(0.05)
            """,
        )
    assert (outcome.result, server.connections) == (["ok"] * 3, 3)
    assert [row["error"] for row in outcome.rows] == [None] * 3


ZEROS = bytes(3_000_000)
BOMBS = {
    b"gzip": gzip.compress(ZEROS),
    b"gzip, gzip": gzip.compress(gzip.compress(ZEROS)),
    b"br": brotli.compress(ZEROS, quality=1),
    b"zstd": zstd.compress(ZEROS),
    b"gzip," * 3000: gzip.compress(ZEROS),
}


@pytest.mark.parametrize(
    ("coding", "body"), BOMBS.items(), ids=["gzip", "gzip twice", "br", "zstd", "gzip 3,000 times"]
)
@pytest.mark.parametrize("is_caught", [False, True], ids=["plain", "catch_response"])
def test_a_bomb_fails_its_own_row_when_it_is_read(lean: Lean, coding: bytes, body: bytes, is_caught: bool) -> None:
    reply = HEAD + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (coding, len(body), body)
    code = """
        try:
            {reading}
        except Exception as error:
            result = type(error).__name__
        client.get("/")
    """
    caught = "with client.get('/', catch_response=True) as response: response.content"
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(
            server.url,
            code.format(reading=caught if is_caught else "client.get('/').content"),
            limits={"reply_bytes": 1_000_000},
        )
    assert (outcome.error, outcome.result) == (None, "UndecodableBodyError")
    assert [row["error"] for row in outcome.rows] == ["other", None]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60), max_size=4), st.sampled_from(["close", "reset", "silence"]))
def test_no_server_that_cannot_speak_tls_hangs_or_breaks_the_client(lean: Lean, said: list[bytes], end: str) -> None:
    def script(talk: Talk) -> None:
        talk.socket.recv(65536)
        talk.say(*said)
        if end == "reset":
            talk.reset()
        elif end == "silence":
            talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = ask(lean, server.url.replace("http:", "https:"), connect_s=0.1)
    assert outcome.error is None
    assert outcome.row["error"] in {"tls", "closed", "timeout", "connect"}
    assert outcome.row["message"]


def test_a_drip_ends_when_it_stops(lean: Lean) -> None:
    """Byte by byte, each in a packet of its own; then nothing more comes."""
    said = HEAD + b"Content-Length: 500\r\n\r\n" + b"x" * 100

    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(*(said[at : at + 1] for at in range(len(said))))
        talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = ask(lean, server.url, silence_s=0.1)
    assert (outcome.error, outcome.row["error"], outcome.row["status"]) == (None, "timeout", 200)
