"""Proxies: named, or by the environment as requests reads it; plain HTTP by the whole address, TLS through a tunnel."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from perfkit.load.child.http.proxies import DIRECT, Proxy, Route
from tests import lacking
from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, Script, Talk, a_raw_server, each, once
from tests.load.child.http.test_tls import certificate, secured

__all__ = ["certificate"]  # a fixture

NAMED = """
from perfkit.load.child.http.proxies import Route
client._remake(route=Route({proxy!r}))
{code}
"""


def leads_to(port: int) -> Script:
    """What a proxy does when it is asked to connect: whatever comes goes on, both ways."""

    def script(talk: Talk) -> None:
        talk.hear()
        with socket.create_connection(("127.0.0.1", port)) as server:
            talk.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pass_on, args=(server, talk.socket), daemon=True)
            back.start()
            pass_on(talk.socket, server)
            back.join()

    return script


def pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while came := source.recv(65536):
            target.sendall(came)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_a_proxy_is_asked_for_the_whole_address_over_one_kept_connection(lean: Lean) -> None:
    """Its user and password are for it alone; the row is named and the reply told as without a proxy."""
    with a_raw_server(each(OK)) as proxy:
        code = "result = [client.get('/a?b=c').url, client.post('/d', data='e').text]"
        named = NAMED.format(proxy=f"http://me:p%40ss@127.0.0.1:{proxy.port}", code=code)
        outcome = lean.run("http://shop.test:8080/v1", named)
    assert (outcome.error, outcome.result) == (None, ["http://shop.test:8080/v1/a?b=c", "ok"])
    assert [row["endpoint"] for row in outcome.rows] == ["/a?b=c", "/d"]
    first, second = (request.split(b"\r\n") for request in proxy.requests)
    assert first[:3] == [
        b"GET http://shop.test:8080/v1/a?b=c HTTP/1.1",
        b"Proxy-Authorization: Basic bWU6cEBzcw==",
        b"Host: shop.test:8080",
    ]
    assert second[0] == b"POST http://shop.test:8080/v1/d HTTP/1.1"
    assert proxy.connections == 1


@lacking.needs("openssl", "openssl makes the certificate")
def test_tls_goes_through_a_tunnel_with_the_server(lean: Lean, certificate: Path) -> None:
    """The proxy hears where to; who is asked for the certificate, and for the path, is the server."""
    with a_raw_server(secured(certificate, each(OK))) as server, a_raw_server(leads_to(server.port)) as proxy:
        code = f"client.verify = {str(certificate)!r}; result = client.get('/a').text"
        named = NAMED.format(proxy=f"http://me:you@127.0.0.1:{proxy.port}", code=code)
        outcome = lean.run("https://localhost:4433", named)
    assert (outcome.error, outcome.result) == (None, "ok")
    assert proxy.requests[0].split(b"\r\n") == [
        b"CONNECT localhost:4433 HTTP/1.1",
        b"Host: localhost:4433",
        b"Proxy-Authorization: Basic bWU6eW91",
        b"",
        b"",
    ]
    assert server.requests[0].startswith(b"GET /a HTTP/1.1\r\nHost: localhost:4433\r\n")
    assert b"Proxy" not in server.requests[0]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "HTTP 407 Proxy Authentication"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "is none: not HTTP/1.1"),
        (b"", "the server closed the connection"),
    ],
    ids=["refuses", "is none", "leaves"],
)
def test_a_proxy_that_does_not_lead_there_is_a_failure_to_connect(lean: Lean, reply: bytes, said: str) -> None:
    with a_raw_server(once(reply)) as proxy:
        named = NAMED.format(proxy=f"http://127.0.0.1:{proxy.port}", code="client.get('/')")
        outcome = lean.run("https://shop.test", named)
    assert outcome.row["error"] in ("connect", "closed")
    assert said in outcome.row["message"]


def test_a_proxy_that_says_nothing_is_a_timeout(lean: Lean) -> None:
    with a_raw_server(lambda talk: talk.wait_for_leave()) as proxy:
        named = NAMED.format(proxy=f"http://127.0.0.1:{proxy.port}", code="client.get('/')")
        outcome = lean.run("https://shop.test", named, limits={"connect_s": 0.2})
    assert outcome.row["error"] == "timeout"


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "https://me:secret@127.0.0.1:1", "http://"])
def test_a_proxy_of_another_kind_is_said_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="is no proxy that the lean client can use") as raised:
        Route(url).proxy("http://shop.test/")
    assert "secret" not in str(raised.value)


def test_the_environment_counts_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """By scheme, and not for the hosts that it leaves out."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTP_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("http_proxy", "http://10.0.0.1:3128")
    monkeypatch.setenv("https_proxy", "10.0.0.2:3129")
    monkeypatch.setenv("no_proxy", "localhost,.inner.test")
    route = Route(is_by_environment=True)
    assert route.proxy("http://shop.test/") == Proxy("10.0.0.1", 3128)
    assert route.proxy("https://shop.test/") == Proxy("10.0.0.2", 3129)
    assert route.proxy("https://erp.inner.test/") is None
    assert DIRECT.proxy("http://shop.test/") is None


def test_the_client_in_the_place_of_requests_asks_the_environment_unless_it_is_told_not_to(lean: Lean) -> None:
    code = """
import os
from perfkit.load.child.http.limits import Limits
from perfkit.load.child.http.proxies import Route
from perfkit.load.child.lean.clients import RequestsClient
os.environ["http_proxy"] = "http://127.0.0.1:{port}"
try:
    asking = RequestsClient("http://shop.test", None, None, Limits(1.0, 1.0), route=Route(None, True))
    result = [asking.get("/a").status_code]
    asking.trust_env = False
    result += [asking.get("http://127.0.0.1:1/").status_code]
    asking.close()
finally:
    del os.environ["http_proxy"]
"""
    with a_raw_server(each(OK)) as proxy:
        outcome = lean.run("http://127.0.0.1:1", code.format(port=proxy.port))
    assert (outcome.error, outcome.result) == (None, [200, 0])
    assert [row["endpoint"] for row in outcome.rows] == ["/a", "/"]
