"""One row for each request, exact; and Locust's event for whoever else listens."""

from __future__ import annotations

import time

import pytest

from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, Talk, a_raw_server, each

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"


def test_a_row_has_every_fact(lean: Lean) -> None:
    reply = b"HTTP/1.1 200 OK\r\nX-Cache: HIT from edge\r\nContent-Length: 2\r\n\r\n"

    def script(talk: Talk) -> None:
        talk.hear()
        time.sleep(0.05)
        talk.say(reply)
        time.sleep(0.05)
        talk.say(b"ok")

    before = time.time()
    with a_raw_server(script) as server:
        row = lean.run(server.url, "client.get('/a', name='A')").row
    assert before <= row["started_at"] == row["intended_at"] <= time.time()
    assert 0.05 <= row["ttfb_s"] < row["service_s"] < 5
    assert row["service_s"] >= 0.1
    facts = {key: value for key, value in row.items() if not key.endswith(("_s", "_at"))}
    assert facts == {
        "phase": "phase",
        "endpoint": "A",
        "status": 200,
        "wire_bytes": 2,
        "decoded_bytes": 2,
        "cache": "hit",
        "error": None,
        "message": None,
        "is_warmup": False,
    }


def test_an_endpoint_is_named_by_the_call_the_client_or_the_url(lean: Lean) -> None:
    with a_raw_server(each(OK)) as server:
        outcome = lean.run(
            server.url,
            """
            client.get("/a?b=c")
            client.get("/a", params={"d": 1})
            with client.rename_request("Group"):
                client.get("/b")
                client.get("/b", name="Own")
            client.get("/c")
            """,
        )
    assert [row["endpoint"] for row in outcome.rows] == ["/a?b=c", "/a", "Group", "Own", "/c"]


@pytest.mark.parametrize(("status", "kind"), [(404, "http_4xx"), (503, "http_5xx"), (999, "http_5xx")])
def test_a_status_from_400_on_is_a_failure(lean: Lean, status: int, kind: str) -> None:
    with a_raw_server(each(NOT_FOUND.replace(b"404", b"%d" % status))) as server:
        outcome = lean.get(server.url)
    assert outcome.result == [status, "gone", False]
    assert (outcome.row["error"], outcome.row["status"], outcome.row["wire_bytes"]) == (kind, status, 4)
    assert outcome.row["message"].startswith(f"HTTP {status}")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_every_verb_is_sent_as_itself(lean: Lean, method: str) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(server.url, f"result = client.{method}('/').status_code")
    assert (outcome.result, server.requests[0].split()[0]) == (200, method.upper().encode())


@pytest.mark.parametrize(
    ("block", "error", "message"),
    [
        ("pass", "http_4xx", "HTTP 404 Not Found"),
        ("r.success()", None, None),
        ("r.failure('no data')", "http_4xx", "no data"),
        ("r.failure('no'); r.success()", None, None),
        ("raise ResponseError('bad')", "http_4xx", "bad"),
    ],
)
def test_a_with_block_rules_on_its_reply(lean: Lean, block: str, error: str | None, message: str | None) -> None:
    with a_raw_server(each(NOT_FOUND)) as server:
        outcome = lean.run(
            server.url,
            f"""
            from locust.exception import ResponseError
            with client.get("/", catch_response=True) as r:
                before = len(rows)
                {block}
            result = before
            """,
        )
    assert (outcome.error, outcome.result) == (None, 0)
    assert (outcome.row["error"], outcome.row["message"]) == (error, message)


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        ("assert r.json()['a'] == 1", "validation"),
        ("raise StopUser()", None),
        ("raise RescheduleTask()", None),
        ("raise gevent.GreenletExit()", None),
        ("r.success(); raise KeyError('x')", None),
        ("r.success(); raise ResponseError('x')", None),
        ("r.failure('mine'); raise KeyError('x')", "validation"),
    ],
)
def test_what_leaves_a_with_block_goes_on_and_the_row_is_left(lean: Lean, raised: str, error: str | None) -> None:
    """Locust's own clients lose such a request. What steers Locust is no verdict on the reply."""
    with a_raw_server(each(OK)) as server:
        outcome = lean.run(
            server.url,
            f"""
            from locust.exception import RescheduleTask, ResponseError, StopUser
            with client.get("/", catch_response=True) as r:
                {raised}
            """,
        )
    assert outcome.error is not None
    assert outcome.row["error"] == error


@pytest.mark.parametrize("code", ["client.get('/').failure('x')", "with client.get('/') as r: pass"])
def test_a_verdict_needs_catch_response(lean: Lean, code: str) -> None:
    with a_raw_server(each(OK)) as server:
        outcome = lean.run(server.url, code)
    assert outcome.error is not None
    assert "catch_response=True" in outcome.error
    assert len(outcome.rows) == 1


def test_a_reply_raises_when_it_is_asked_to(lean: Lean) -> None:
    with a_raw_server(each(NOT_FOUND)) as server:
        outcome = lean.run(server.url, "client.get('/').raise_for_status()")
    assert outcome.error == "BadStatusError: HTTP 404 Not Found"


def test_a_reply_tells_what_requests_users_ask_it(lean: Lean) -> None:
    reply = b"HTTP/1.1 201 Created\r\nX-A: b\r\nx-a: c\r\nContent-Length: 8\r\n\r\n" + b'{"a": 1}'
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(
            server.url,
            """
            r = client.post("/x?y", json=[1], headers={"X-B": "c"})
            r.raise_for_status()
            result = [r.ok, r.reason, r.url, r.headers["X-a"], r.json(), r.elapsed.total_seconds() > 0,
                      r.request.method, r.request.url, r.request.headers["x-b"], r.request.body.decode(),
                      list(r.iter_lines()), b"".join(r.iter_content(3)) == r.content, r.history == ()]
            """,
        )
    url = f"{server.url}/x?y"
    assert outcome.result == [
        *[True, "Created", url, "b, c", {"a": 1}, True],
        *["POST", url, "c", "[1]", ['{"a": 1}'], True, True],
    ]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\xfa", b"[" * 100_000])
def test_what_is_no_json_is_one_kind_of_error(lean: Lean, body: bytes) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with a_raw_server(each(reply)) as server:
        outcome = lean.run(server.url, "client.get('/').json()")
    assert outcome.error is not None
    assert outcome.error.startswith("JSONDecodeError")


def test_the_schedules_wish_is_kept_beside_the_start(lean: Lean) -> None:
    with a_raw_server(each(OK)) as server:
        outcome = lean.run(server.url, "client.intended_at = 1000.5; client.get('/'); client.get('/')")
    first, second = outcome.rows
    assert first["intended_at"] == 1000.5 < first["started_at"]
    assert second["intended_at"] == second["started_at"]


def test_a_foreign_listener_hears_what_locust_promises(lean: Lean) -> None:
    with a_raw_server(each(NOT_FOUND)) as server:
        outcome = lean.run(
            server.url,
            "client.get('/', name='N', context={'a': 1}); result = {**heard[0], 'response': heard[0]['response'].text}",
            is_heard=True,
        )
    told = outcome.result
    assert told.pop("start_time") == outcome.row["started_at"]
    assert told.pop("response_time") == outcome.row["service_s"] * 1000
    assert told.pop("exception") == "BadStatusError('HTTP 404 Not Found')"
    assert told == {
        "request_type": "GET",
        "name": "N",
        "response_length": 4,
        "context": {"a": 1},
        "url": f"{server.url}/",
        "response": "gone",
    }
    assert len(outcome.rows) == 1


def test_listeners_are_noticed_when_they_come_and_go(lean: Lean) -> None:
    with a_raw_server(each(OK)) as server:
        outcome = lean.run(
            server.url,
            """
            listen = lambda **told: heard.append(told)
            client.get("/")
            client._recording._event.add_listener(listen)
            client.get("/")
            client._recording._event.remove_listener(listen)
            client.get("/")
            result = len(heard)
            """,
        )
    assert (outcome.result, len(outcome.rows)) == (1, 3)


def test_an_endless_reply_is_refused_with_the_way_out(lean: Lean) -> None:
    outcome = lean.run("http://127.0.0.1:1", "client.get('/', stream=True)")
    assert outcome.error is not None
    assert "take locust.FastHttpUser" in outcome.error
