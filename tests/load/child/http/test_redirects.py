"""A redirect is followed as browsers and requests do, within one row; credentials stay with their host."""

from __future__ import annotations

import pytest

from perfkit.load.child.http.failures import TooManyRedirectsError
from perfkit.load.child.http.redirects import next_headers, next_method, next_url
from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, Script, Talk, a_raw_server, each


def moved(location: str, status: int = 302, extra: str = "") -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\n{extra}Content-Length: 0\r\n\r\n".encode()


def by_path(**replies: bytes) -> Script:
    """`/a` is answered by `a=…`; anything else is OK."""

    def script(talk: Talk) -> None:
        while request := talk.hear():
            talk.say(replies.get(request.split()[1].decode().strip("/").partition("?")[0], OK))

    return script


@pytest.mark.parametrize("location", ["/there", "there", "//{host}/there", "{url}/there", "{url}/there#part"])
def test_a_redirect_is_followed_within_one_row(lean: Lean, location: str) -> None:
    with a_raw_server(lambda talk: by_path(go=moved(where))(talk)) as server:
        where = location.format(url=server.url, host=f"127.0.0.1:{server.port}")
        outcome = lean.run(
            server.url, "r = client.get('/go'); result = [r.text, r.url, [h.status_code for h in r.history]]"
        )
    assert outcome.result[0] == "ok"
    assert outcome.result[1].startswith(f"{server.url}/there")
    assert outcome.result[2] == [302]
    assert (outcome.row["endpoint"], outcome.row["status"], outcome.row["wire_bytes"]) == ("/go", 200, 2)
    assert [request.split()[1] for request in server.requests] == [b"/go", b"/there"]


def test_redirects_may_be_left_alone(lean: Lean) -> None:
    with a_raw_server(by_path(go=moved("/there"))) as server:
        outcome = lean.run(
            server.url, "r = client.get('/go', allow_redirects=False); result = [r.status_code, r.headers['location']]"
        )
    assert (outcome.result, outcome.row["status"], outcome.row["error"]) == ([302, "/there"], 302, None)


def test_a_circle_ends_in_an_error(lean: Lean) -> None:
    with a_raw_server(each(moved("/go"))) as server:
        outcome = lean.get(server.url, "/go", max_redirects=5)
    assert (outcome.row["error"], outcome.row["message"]) == ("other", "more than 5 redirects")
    assert len(server.requests) == 6


@pytest.mark.parametrize("location", ["ftp://x/", "javascript:alert(1)", "http://", "http://[::1", "http://x:99999/"])
def test_a_redirect_to_nowhere_is_an_error(lean: Lean, location: str) -> None:
    with a_raw_server(each(moved(location))) as server:
        outcome = lean.get(server.url)
    assert (outcome.error, outcome.row["error"], outcome.row["status"]) == (None, "other", 302)


def test_a_reply_that_moves_nowhere_is_a_reply(lean: Lean) -> None:
    with a_raw_server(each(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")) as server:
        outcome = lean.get(server.url)
    assert (outcome.result[0], outcome.row["error"]) == (302, None)


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 301, "PUT"),
        ("PUT", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("GET", 302, "GET"),
    ],
)
def test_the_method_follows_the_status(method: str, status: int, expected: str) -> None:
    assert next_method(method, status) == expected


def test_a_location_that_is_no_text_leads_nowhere() -> None:
    with pytest.raises(TooManyRedirectsError):
        next_url("http://a/", b"\xff\xfe")


def test_headers_of_a_body_stay_with_it() -> None:
    headers = {"Content-Type": "text/plain", "X-A": "b", "authorization": "c"}
    kept = next_headers(headers, has_body=False, is_same_origin=True)
    assert kept == {"X-A": "b", "authorization": "c"}


@pytest.mark.parametrize(("status", "body"), [(302, b""), (307, b'{"a": 1}')])
def test_a_body_is_sent_again_or_dropped(lean: Lean, status: int, body: bytes) -> None:
    with a_raw_server(by_path(go=moved("/there", status))) as server:
        lean.run(server.url, "client.post('/go', json={'a': 1})")
    second = server.requests[1]
    assert second.partition(b"\r\n\r\n")[2] == body
    assert (b"Content-Type: application/json" in second) == bool(body)


def test_credentials_do_not_leave_their_host(lean: Lean) -> None:
    """Neither those of the call, nor the client's own headers, nor cookies."""
    with a_raw_server(each(OK)) as other:
        here = moved(f"{other.url.replace('127.0.0.1', 'localhost')}/x", extra="Set-Cookie: s=1; Path=/\r\n")
        with a_raw_server(by_path(go=here)) as server:
            outcome = lean.run(
                server.url,
                """
                client.headers["Authorization"] = "Bearer token"
                result = client.get("/go", headers={"Cookie": "own=1", "X-A": "b"}).text
                client.get("/home")
                """,
            )
    assert outcome.result == "ok"
    assert b"X-A: b" in other.requests[0]
    assert b"Authorization" not in other.requests[0]
    assert b"Cookie" not in other.requests[0]
    assert b"Cookie: s=1" in server.requests[1]
    assert b"Bearer token" in server.requests[1]
