"""Where a reply begins and ends, and what becomes of its connection, for servers of every kind."""

from __future__ import annotations

import gzip
import time

import pytest

from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, Talk, a_raw_server, each, once

TWICE = """
    for _ in range(2):
        result = client.get("/").text
"""


def test_a_connection_is_kept_for_the_next_request(lean: Lean) -> None:
    with a_raw_server(each(OK)) as server:
        outcome = lean.run(server.url, TWICE)
    assert (outcome.result, server.connections, len(outcome.rows)) == ("ok", 1, 2)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    ],
    ids=["says close", "HTTP/1.0", "no length", "a coding that is not chunked"],
)
def test_a_server_may_close_after_each_reply(lean: Lean, reply: bytes) -> None:
    with a_raw_server(once(reply)) as server:
        outcome = lean.run(server.url, TWICE)
    assert (outcome.result, server.connections) == ("ok", 2)
    assert [row["error"] for row in outcome.rows] == [None, None]
    assert outcome.rows[0]["wire_bytes"] == 2


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_kept_connection_that_was_closed_silently_is_made_anew(lean: Lean, method: str) -> None:
    """The server left after its reply without a word: one row, no error, and the request was sent once only."""
    with a_raw_server(once(OK), each(OK)) as server:
        outcome = lean.run(
            server.url,
            f"""
            client.get("/first")
            gevent.sleep(0.1)
            result = client.{method}("/second").text
            """,
        )
    assert (outcome.result, server.connections, len(server.requests)) == ("ok", 2, 2)
    assert [row["error"] for row in outcome.rows] == [None, None]


def test_a_kept_connection_that_dies_on_the_next_request_is_replaced_once(lean: Lean) -> None:
    def reads_the_second_and_leaves(talk: Talk) -> None:
        talk.hear()
        talk.say(OK)
        talk.hear()

    with a_raw_server(reads_the_second_and_leaves, each(OK)) as server:
        outcome = lean.run(server.url, TWICE)
    assert (outcome.result, server.connections, len(outcome.rows)) == ("ok", 2, 2)


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_fresh_connection_that_dies_is_the_targets_failure(lean: Lean, leave: str) -> None:
    """Trying again would hide it."""

    def script(talk: Talk) -> None:
        talk.hear()
        if leave == "reset":
            talk.reset()

    with a_raw_server(script) as server:
        outcome = lean.get(server.url)
    assert (outcome.row["error"], outcome.row["status"], server.connections) == ("closed", None, 1)
    assert outcome.result == [0, None, False]


def test_interim_replies_are_skipped(lean: Lean) -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX-Cache: HIT\r\n\r\n"
    with a_raw_server(each(early + OK)) as server:
        outcome = lean.run(server.url, TWICE)
    assert (outcome.result, server.connections) == ("ok", 1)
    assert (outcome.rows[1]["status"], outcome.rows[1]["cache"]) == (200, None)


def test_time_to_first_byte_is_that_of_the_final_reply(lean: Lean) -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.1)
        talk.say(OK[:10])
        time.sleep(0.1)
        talk.say(OK[10:])

    with a_raw_server(script) as server:
        row = lean.get(server.url).row
    assert 0.1 <= row["ttfb_s"] < row["service_s"] - 0.05
    assert row["service_s"] >= 0.2


@pytest.mark.parametrize(
    ("method", "reply"),
    [
        ("head", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        ("head", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("head", b"HTTP/1.1 200 OK\r\n\r\n"),
        ("head", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("get", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("get", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n"),
    ],
)
def test_a_reply_without_a_body_ends_with_its_head(lean: Lean, method: str, reply: bytes) -> None:
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(server.url, f"result = [client.{method}('/').content for _ in range(3)] == [b''] * 3")
    assert (outcome.result, server.connections) == (True, 1)
    assert [row["wire_bytes"] for row in outcome.rows] == [0, 0, 0]


def test_chunks_are_put_together_and_trailers_are_no_headers(lean: Lean) -> None:
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nX-Cache: HIT\r\n\r\n"
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(server.url, TWICE)
    assert (outcome.result, server.connections) == ("ok", 1)
    assert (outcome.rows[0]["wire_bytes"], outcome.rows[0]["cache"]) == (2, None)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_reply_may_come_in_any_pieces(lean: Lean, size: int) -> None:
    reply = b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    with a_raw_server(once(*(reply[at : at + size] for at in range(0, len(reply), size)))) as server:
        assert lean.get(server.url).result == [200, "ok", True]


@pytest.mark.parametrize("lie", [OK.replace(b"ok", b"no"), b"HTTP/1.1 2", b"x"], ids=["a reply", "half a line", "x"])
@pytest.mark.parametrize("after_s", [None, 0.03], ids=["at once", "later"])
def test_bytes_that_nobody_asked_for_end_the_connection(lean: Lean, lie: bytes, after_s: float | None) -> None:
    """They would be taken for the reply to the next request."""

    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(OK + lie if after_s is None else OK)
        if after_s is not None:
            time.sleep(after_s)
            talk.say(lie)
        talk.wait_for_leave()

    with a_raw_server(script, each(OK)) as server:
        outcome = lean.run(server.url, "client.get('/'); gevent.sleep(0.1); result = client.get('/').text")
    assert (outcome.result, server.connections) == ("ok", 2)


def test_an_idle_connection_with_news_costs_no_cpu(lean: Lean) -> None:
    """Its socket stays readable until the next request; nothing may spin on that."""
    with a_raw_server(once(OK)) as server:
        outcome = lean.run(
            server.url,
            """
            import time
            client.get("/")
            before = time.process_time()
            gevent.sleep(0.3)
            result = time.process_time() - before
            """,
        )
    assert outcome.result < 0.15


def test_extra_bytes_after_a_head_reply_end_the_connection(lean: Lean) -> None:
    with a_raw_server(once(OK), each(OK)) as server:
        outcome = lean.run(server.url, "client.head('/'); result = client.get('/').text")
    assert (outcome.result, server.connections) == ("ok", 2)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok",
        b"HTTP/1.1 007 Bond\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 2_000_000,
    ],
    ids=[
        "a space in a name",
        "length of letters",
        "two lengths",
        "length and chunks",
        "chunk size of letters",
        "status below 100",
        "101 with an upgrade",
        "101 without one",
        "another protocol",
        "TLS",
        "endless headers",
    ],
)
def test_what_is_no_http_is_one_failed_row_with_a_reason(lean: Lean, reply: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(reply)
        talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = lean.get(server.url)
    assert (outcome.error, outcome.row["error"]) == (None, "other")
    assert outcome.row["message"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "closed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed"),
    ],
)
def test_a_reply_that_is_cut_off_failed(lean: Lean, reply: bytes, error: str) -> None:
    with a_raw_server(once(reply)) as server:
        outcome = lean.get(server.url)
    assert (outcome.row["error"], outcome.result[1:]) == (error, [None, False])
    assert "in the middle of its reply" in outcome.row["message"]


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n%b\r\n" % (b"x" * 1000) * 20,
    ],
    ids=["declared", "until close", "chunked"],
)
def test_a_reply_larger_than_allowed_is_refused(lean: Lean, reply: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(reply)
        talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = lean.get(server.url, limits={"reply_bytes": 10_000})
    assert outcome.row["message"] == "the reply is larger than max_reply_bytes (10000)"


def test_a_body_that_unpacks_to_more_than_allowed_is_refused(lean: Lean) -> None:
    bomb = gzip.compress(bytes(1_000_000))
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(bomb), bomb)
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(server.url, "client.get('/').content", limits={"reply_bytes": 10_000})
    assert outcome.error == "UndecodableBodyError: the decoded body is larger than max_reply_bytes (10000)"
    assert outcome.row["error"] == "other"


def test_a_large_body_goes_and_comes_whole(lean: Lean) -> None:
    """More than the socket's buffers hold, both ways."""
    size = 8_000_000

    def script(talk: Talk) -> None:
        body = talk.hear().partition(b"\r\n\r\n")[2]
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)

    with a_raw_server(script) as server:
        outcome = lean.run(
            server.url, f"sent = bytes(range(250)) * {size // 250}; result = client.post('/', sent).content == sent"
        )
    assert (outcome.result, outcome.row["wire_bytes"]) == (True, size)


def test_an_answer_before_the_request_was_read_is_heard(lean: Lean) -> None:
    def script(talk: Talk) -> None:
        talk.socket.recv(1000)
        talk.say(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = lean.run(server.url, "result = client.post('/', bytes(3_000_000)).status_code")
    assert (outcome.result, outcome.row["error"]) == (413, "http_4xx")


def test_an_ipv6_host_is_reached(lean: Lean) -> None:
    with a_raw_server(each(OK), host="::1") as server:
        outcome = lean.get(server.url)
    assert outcome.result == [200, "ok", True]
    assert b"\r\nHost: [::1]:%d\r\n" % server.port in server.requests[0]
