"""No server can hold a user longer than its limits say."""

from __future__ import annotations

import socket
import time

import pytest

from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, Talk, a_raw_server, each

pytestmark = pytest.mark.alone

SHORT = {"silence_s": 0.15}


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_server_that_falls_silent_is_a_timeout(lean: Lean, said: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(said)
        talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = lean.get(server.url, limits=SHORT)
    assert outcome.row["error"] == "timeout"
    assert 0.15 <= outcome.row["service_s"] < 2
    assert outcome.result[1:] == [None, False]


def test_the_limit_is_on_silence_not_on_the_whole(lean: Lean) -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(6):
            time.sleep(0.06)
            talk.say(b"x")

    with a_raw_server(script) as server:
        outcome = lean.get(server.url, limits=SHORT)
    assert outcome.result == [200, "xxxxxx", True]
    assert outcome.row["service_s"] > 0.3


def test_a_limit_that_was_kept_does_not_strike_later(lean: Lean) -> None:
    """The timer of an early request runs out while a later one, which has time of its own, waits."""

    def script(talk: Talk) -> None:
        while talk.hear():
            time.sleep(0.1)
            talk.say(OK)

    with a_raw_server(script) as server:
        outcome = lean.run(server.url, "result = [client.get('/').status_code for _ in range(4)]", limits=SHORT)
    assert outcome.result == [200] * 4


def test_a_request_may_have_a_limit_of_its_own(lean: Lean) -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(OK)
        talk.hear()
        talk.wait_for_leave()

    with a_raw_server(script) as server:
        outcome = lean.run(server.url, "client.get('/'); client.get('/', timeout=(5, 0.1))")
    assert [row["error"] for row in outcome.rows] == [None, "timeout"]
    assert outcome.rows[1]["service_s"] < 2


def test_a_server_that_does_not_read_is_a_timeout(lean: Lean) -> None:
    with a_raw_server(lambda talk: time.sleep(0.6)) as server:
        outcome = lean.run(server.url, "result = client.post('/', bytes(30_000_000)).ok", limits=SHORT)
    assert (outcome.result, outcome.row["error"]) == (False, "timeout")


def test_a_host_that_does_not_take_connections_is_a_timeout(lean: Lean) -> None:
    """A listener whose queue is full drops what knocks."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        knocking = [socket.socket() for _ in range(4)]
        for knock in knocking:
            knock.setblocking(False)
            knock.connect_ex(("127.0.0.1", port))
        outcome = lean.get(f"http://127.0.0.1:{port}", limits={"connect_s": 0.2})
        for knock in knocking:
            knock.close()
    assert outcome.row["error"] == "timeout"
    assert outcome.row["message"] == "no connection within 0.2 s"


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
def test_where_nobody_listens_is_an_error_of_connecting(lean: Lean, host: str) -> None:
    outcome = lean.get(f"http://{host}")
    assert (outcome.row["error"], outcome.row["status"], outcome.row["ttfb_s"]) == ("connect", None, None)


def test_the_scenarios_own_limit_is_recorded_and_raised(lean: Lean) -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.wait_for_leave()

    with a_raw_server(script, each(OK)) as server:
        outcome = lean.run(
            server.url,
            """
            try:
                with gevent.Timeout(0.1):
                    client.get("/")
            except gevent.Timeout:
                result = client.get("/").text
            """,
        )
    assert outcome.result == "ok"
    assert [row["error"] for row in outcome.rows] == ["timeout", None]


def test_a_killed_user_leaves_no_row_and_no_connection(lean: Lean) -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.wait_for_leave()

    with a_raw_server(script, each(OK)) as server:
        outcome = lean.run(
            server.url,
            """
            user = gevent.spawn(client.get, "/")
            gevent.sleep(0.05)
            user.kill()
            result = client.get("/").text
            """,
        )
    assert (outcome.result, server.connections) == ("ok", 2)
    assert len(outcome.rows) == 1


def test_greenlets_of_one_user_have_connections_of_their_own(lean: Lean) -> None:
    def script(talk: Talk) -> None:
        while request := talk.hear():
            time.sleep(0.05)
            talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + request[5:7])

    with a_raw_server(script) as server:
        outcome = lean.run(
            server.url,
            """
            def ask(number):
                return client.get(f"/{number}").text
            for _ in range(2):
                result = [greenlet.get() for greenlet in [gevent.spawn(ask, n) for n in (11, 22, 33)]]
            """,
        )
    assert (outcome.result, server.connections) == (["11", "22", "33"], 3)
