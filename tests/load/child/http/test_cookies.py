"""A user keeps cookies as a browser does; a user without any pays nothing for them."""

from __future__ import annotations

import time

import pytest

from perfkit.load.child.http.cookies import Cookies
from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, a_raw_server, each

SETS = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2; Path=/x\r\n\r\n")


def learnt(*set_cookies: bytes, url: str = "http://shop.test/x/y") -> Cookies:
    jar = Cookies()
    jar.learn(url, set_cookies)
    return jar


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://shop.test/", b"Cookie: a=1\r\n"),
        ("http://shop.test/x/?q", b"Cookie: b=2; a=1\r\n"),
        ("http://other.test/", b""),
        ("https://shop.test/x/", b"Cookie: b=2; c=3; a=1\r\n"),
    ],
)
def test_cookies_go_where_they_belong(url: str, line: bytes) -> None:
    """Asked twice: the second answer is the one that was kept."""
    jar = learnt(b"a=1; Path=/", b"b=2; Path=/x", b"c=3; Path=/x; Secure")
    assert [jar.header_line(url), jar.header_line(url)] == [line, line]


def test_what_was_kept_is_forgotten_when_a_cookie_changes() -> None:
    jar = learnt(b"a=1; Path=/")
    before = jar.header_line("http://shop.test/")
    jar.learn("http://shop.test/", [b"a=2; Path=/"])
    changed = jar.header_line("http://shop.test/")
    jar.clear()
    assert (before, changed, jar.header_line("http://shop.test/")) == (b"Cookie: a=1\r\n", b"Cookie: a=2\r\n", b"")


def test_a_cookie_leaves_when_its_time_is_over() -> None:
    jar = learnt(b"a=1; Path=/; Max-Age=1", b"b=2; Path=/")
    assert jar.header_line("http://shop.test/") == b"Cookie: a=1; b=2\r\n"
    time.sleep(1.1)
    assert jar.header_line("http://shop.test/") == b"Cookie: b=2\r\n"


def test_a_scenario_may_set_and_read_cookies() -> None:
    jar = Cookies()
    jar.set("session", "abc", domain="shop.test", path="/")
    assert jar.get("session") == "abc"
    assert jar.header_line("http://shop.test/") == b"Cookie: session=abc\r\n"


def test_a_reply_sets_cookies_for_the_next_request(lean: Lean) -> None:
    with a_raw_server(each(SETS)) as server:
        outcome = lean.run(
            server.url,
            """
            result = client.get("/x/").cookies
            client.get("/x/")
            client.get("/")
            client.get("/", cookies={"mine": "3"})
            client.get("/", headers={"cookie": "only=4"})
            """,
        )
    sent = [[line for line in r.split(b"\r\n") if line.lower().startswith(b"cookie")] for r in server.requests]
    assert outcome.result == {"a": "1", "b": "2"}
    assert sent == [[], [b"Cookie: b=2; a=1"], [b"Cookie: a=1"], [b"Cookie: a=1; mine=3"], [b"cookie: only=4"]]


def test_without_cookies_there_is_no_jar(lean: Lean) -> None:
    with a_raw_server(each(OK)) as server:
        outcome = lean.run(server.url, "client.get('/'); result = client._session._cookies is None")
    assert outcome.result is True


def test_a_nonsensical_cookie_is_no_failure(lean: Lean) -> None:
    reply = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: \xff=\x80; expires=never; domain=[\r\nSet-Cookie:\r\n\r\n")
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(server.url, "client.get('/').cookies; result = client.get('/').text")
    assert (outcome.error, outcome.result) == (None, "ok")
