"""What a request looks like on the wire: its target, its headers, its body."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.load.child.http.bodies import body_of, with_params
from perfkit.load.child.http.heads import DEFAULTS, Heads
from perfkit.load.child.http.messages import Messages
from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, a_raw_server, each


def heads(base: str = "http://shop.test") -> Heads:
    return Heads(base, DEFAULTS)


def wire(base: str, url: str, **given: Any) -> list[bytes]:
    """The lines of the head."""
    messages = Messages(heads(base))
    message = messages.compose(given.pop("method", "GET"), url, None, **given)
    return messages.bytes_of(message, None).partition(b"\r\n\r\n")[0].split(b"\r\n")


@pytest.mark.parametrize(
    ("base", "url", "target", "host"),
    [
        ("http://shop.test", "/a", b"/a", b"shop.test"),
        ("http://shop.test/", "/a", b"/a", b"shop.test"),
        ("http://shop.test", "", b"/", b"shop.test"),
        ("http://shop.test/api", "/a?b=c&d[]=e", b"/api/a?b=c&d[]=e", b"shop.test"),
        ("http://shop.test/api/", "a", b"/api/a", b"shop.test"),
        ("http://shop.test:8080", "/a", b"/a", b"shop.test:8080"),
        ("https://shop.test:443", "/a", b"/a", b"shop.test"),
        ("http://shop.test", "/a b?q=ü&r=%20#top", b"/a%20b?q=%C3%BC&r=%20", b"shop.test"),
        ("http://shop.test", "/100%", b"/100%", b"shop.test"),
        ("http://shop.test", "/a\r\nX: y", b"/a%0D%0AX:%20y", b"shop.test"),
        ("http://shop.test", "https://Other.test/x", b"/x", b"other.test"),
        ("http://shop.test", "HTTP://other.test?x", b"/?x", b"other.test"),
        ("http://[::1]:80/v1", "/a", b"/v1/a", b"[::1]"),
        ("http://bücher.test", "/a", b"/a", b"xn--bcher-kva.test"),
    ],
)
def test_a_url_becomes_a_target_and_a_host(base: str, url: str, target: bytes, host: bytes) -> None:
    first, second, *_ = wire(base, url)
    assert (first, second) == (b"GET " + target + b" HTTP/1.1", b"Host: " + host)


@pytest.mark.parametrize("base", ["shop.test", "ftp://shop.test", "http://", "http://shop.test:99999", "http://[::1"])
def test_a_base_that_is_no_url_is_an_error_of_the_scenario(base: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (urllib's own texts)
        heads(base)


@given(st.text(max_size=30))
def test_no_path_breaks_out_of_its_line(path: str) -> None:
    """Whatever a scenario puts into a URL, one request line comes out, in ASCII and without a space in its target."""
    try:
        first = wire("http://shop.test", "/" + path)[0]
    except ValueError:
        return
    method, target, version = first.split(b" ")
    assert (method, version) == (b"GET", b"HTTP/1.1")
    assert target.isascii()


def test_a_header_overrides_the_default_in_any_case_and_none_removes_it() -> None:
    lines = wire("http://shop.test", "/", headers={"user-agent": "mine", "Accept": None, "X-Number": 7, "X-B": b"b"})
    assert b"user-agent: mine" in lines
    assert b"X-Number: 7" in lines
    assert b"X-B: b" in lines
    assert not [line for line in lines if line.lower().startswith((b"accept:", b"user-agent: perfkit"))]


def test_a_host_of_ones_own_replaces_the_urls() -> None:
    lines = wire("http://127.0.0.1", "/", headers={"Host": "shop.test"})
    assert [line for line in lines if line.startswith(b"Host")] == [b"Host: shop.test"]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Connection"])
def test_the_framing_is_the_clients_own_business(name: str) -> None:
    lines = wire("http://shop.test", "/", method="POST", data="12345", headers={name: "99"})
    assert [line for line in lines if line.startswith(name.encode())] in ([], [b"Content-Length: 5"])
    assert b"Content-Length: 5" in lines


@given(st.text(max_size=8), st.one_of(st.text(max_size=8), st.binary(max_size=8)))
def test_no_header_breaks_out_of_its_line(name: str, value: str | bytes) -> None:
    plain = len(wire("http://shop.test", "/"))
    try:
        lines = wire("http://shop.test", "/", headers={name: value})
    except ValueError:
        return
    assert plain <= len(lines) + 1 <= plain + 2


@pytest.mark.parametrize("method", ["", "G T", "GET\r\n", "GÉT"])
def test_a_method_that_is_none_is_an_error_of_the_scenario(method: str) -> None:
    with pytest.raises(ValueError, match="is no HTTP method"):
        Messages(heads()).plain(method, "/")


def test_equal_headers_are_made_once_and_unequal_ones_never_mixed() -> None:
    """True and 1 are equal as keys, and different as text."""
    under = heads()
    assert under.lines({"A": "x"}) is under.lines({"A": "x"})
    assert under.lines({"A": True}).text != under.lines({"A": 1}).text


def test_the_memory_of_urls_is_bounded() -> None:
    under = heads()
    for number in range(20_000):
        under.target(f"/items/{number}")
    assert len(under._targets) <= 4096


@pytest.mark.parametrize(
    ("given", "body", "kind"),
    [
        ({"data": "ü"}, "ü".encode(), None),
        ({"data": b"\0"}, b"\0", None),
        ({"data": {"a": ["1", "2"], "b": "ü", "c": None}}, b"a=1&a=2&b=%C3%BC", "application/x-www-form-urlencoded"),
        ({"data": [("a", "1"), ("a", "2")]}, b"a=1&a=2", "application/x-www-form-urlencoded"),
        ({"data": io.BytesIO(b"file")}, b"file", None),
        ({"data": (piece for piece in ("a", b"b"))}, b"ab", None),
        ({"json": {"a": "ü"}}, b'{"a": "\\u00fc"}', "application/json"),
        ({"json": []}, b"[]", "application/json"),
        ({"data": "x", "json": {"a": 1}}, b"x", None),
        ({}, b"", None),
    ],
)
def test_data_becomes_a_body(given: dict[str, Any], body: bytes, kind: str | None) -> None:
    assert body_of(given.get("data"), given.get("json"), None) == (body, kind)


def test_files_become_a_multipart_body() -> None:
    body, kind = body_of({"note": "x"}, None, {"upload": ("a.txt", b"content")})
    assert kind is not None
    boundary = kind.removeprefix("multipart/form-data; boundary=").encode()
    assert body.count(b"--" + boundary) == 3
    assert b'filename="a.txt"' in body


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("/a", {"q": "x y", "n": [1, 2], "none": None}, "/a?q=x+y&n=1&n=2"),
        ("/a?b=c", [("d", "e")], "/a?b=c&d=e"),
        ("/a?", "raw=1", "/a?raw=1"),
        ("/a#top", {"b": 1}, "/a?b=1#top"),
        ("/a", {}, "/a"),
    ],
)
def test_params_go_behind_the_query(url: str, params: Any, expected: str) -> None:
    assert with_params(url, params) == expected


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_a_body_is_sent_with_its_length(lean: Lean, method: str) -> None:
    with a_raw_server(each(OK)) as server:
        lean.run(server.url, f"client.{method}('/', data='body')")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b"body"
    assert head.startswith(method.upper().encode() + b" / HTTP/1.1\r\n")
    assert b"\r\nContent-Length: 4" in head


def test_the_clients_headers_may_be_changed_on_the_way(lean: Lean) -> None:
    with a_raw_server(each(OK)) as server:
        lean.run(
            server.url,
            """
            client.get("/")
            client.headers["Authorization"] = "Bearer token"
            client.headers.update({"X-A": "b"})
            client.get("/")
            del client.headers["X-A"]
            client.get("/")
            """,
            default_headers={"X-Team": "blue"},
        )
    assert [b"Bearer token" in request for request in server.requests] == [False, True, True]
    assert [b"X-A: b" in request for request in server.requests] == [False, True, False]
    assert all(b"X-Team: blue" in request for request in server.requests)
    assert server.connections == 1


def test_credentials_come_from_the_url_the_client_or_the_call(lean: Lean) -> None:
    """The call's win over a header, a header over those of the base URL, which no other host sees."""
    with a_raw_server(each(OK)) as server, a_raw_server(each(OK)) as other:
        lean.run(
            server.url.replace("http://", "http://user:p%40ss@"),
            f"""
            client.get("/")
            client.get("/", headers={{"authorization": "Bearer mine"}})
            client.get("/", headers={{"Authorization": "Bearer mine"}}, auth=("a", "b"))
            client.get("{other.url}/")
            """,
        )
    sent = [
        [line for line in request.split(b"\r\n") if line.lower().startswith(b"authorization")]
        for request in server.requests + other.requests
    ]
    assert sent == [
        [b"Authorization: Basic dXNlcjpwQHNz"],
        [b"authorization: Bearer mine"],
        [b"Authorization: Basic YTpi"],
        [],
    ]


@pytest.mark.parametrize(
    "call",
    ["get('/', headers={'A\\r\\n': 'x'})", "get('http://:80/')", "get('/', headers={'A': '☃'})", "request('G T', '/')"],
)
def test_what_cannot_be_sent_is_an_error_of_the_scenario_and_no_row(lean: Lean, call: str) -> None:
    outcome = lean.run("http://127.0.0.1:1", f"client.{call}")
    assert outcome.error is not None
    assert outcome.rows == []


def test_the_base_url_may_be_changed(lean: Lean) -> None:
    with a_raw_server(each(OK)) as first, a_raw_server(each(OK)) as second:
        outcome = lean.run(
            first.url,
            f"""
            client.get("/here")
            client.base_url = "{second.url}/api"
            client.get("/there")
            result = client.base_url
            """,
        )
    assert outcome.result == f"{second.url}/api"
    assert [request.split()[1] for request in first.requests + second.requests] == [b"/here", b"/api/there"]
