"""TLS: the certificate is checked unless the scenario says otherwise, and a failure is told as one."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import lacking
from tests.load.child.http.conftest import Lean
from tests.load.child.http.raw import OK, Server, Talk, a_raw_server, each

pytestmark = lacking.needs("openssl", "openssl makes the certificates")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "both.pem", folder / "key.pem"
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(made)]
    subprocess.run(["openssl", *request, *name, *files], check=True, capture_output=True)
    made.write_text(made.read_text() + key.read_text())
    return made


def secured(
    certificate: Path,
    script: Callable[[Talk], None],
    version: ssl.TLSVersion | None = None,
    clients: Path | None = None,
) -> Callable[[Talk], None]:
    """The script, behind TLS; where `clients` are named, for who shows one of these certificates only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    if version is not None:
        context.maximum_version = version

    def behind_tls(talk: Talk) -> None:
        with context.wrap_socket(talk.socket, server_side=True, suppress_ragged_eofs=True) as engine:
            script(Talk(engine, talk.server))

    return behind_tls


def trusted(server: Server, certificate: Path, code: str, host: str = "localhost") -> tuple[str, str]:
    """Base URL and code with the certificate trusted."""
    trust = f"""
import ssl
from dataclasses import replace
client._limits = replace(client._limits, context=lambda: ssl.create_default_context(cafile={str(certificate)!r}))
{code}
"""
    return f"https://{host}:{server.port}", trust


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_trusted_server_is_spoken_to_over_one_kept_connection(
    lean: Lean, certificate: Path, version: ssl.TLSVersion
) -> None:
    with a_raw_server(secured(certificate, each(OK), version)) as server:
        code = "result = [client.get('/').text for _ in range(3) if not gevent.sleep(0.02)]"
        outcome = lean.run(*trusted(server, certificate, code))
    assert (outcome.error, outcome.result) == (None, ["ok"] * 3)
    assert server.connections <= 2  # a session ticket may come late and cost the first connection


def test_a_large_body_goes_and_comes_over_tls(lean: Lean, certificate: Path) -> None:
    def script(talk: Talk) -> None:
        body = talk.hear().partition(b"\r\n\r\n")[2]
        talk.say(b"HTTP/1.1 200 OK\r\n\r\n", body)

    with a_raw_server(secured(certificate, script)) as server:
        code = "sent = bytes(range(250)) * 8000; result = client.post('/', sent).content == sent"
        outcome = lean.run(*trusted(server, certificate, code))
    assert (outcome.error, outcome.result) == (None, True)


def test_a_stranger_is_refused(lean: Lean, certificate: Path) -> None:
    with a_raw_server(secured(certificate, each(OK))) as server:
        outcome = lean.get(f"https://localhost:{server.port}")
    assert outcome.row["error"] == "tls"
    assert "self-signed certificate" in outcome.row["message"]
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(lean: Lean, certificate: Path) -> None:
    with a_raw_server(secured(certificate, each(OK))) as server:
        outcome = lean.run(*trusted(server, certificate, "client.get('/')", host="127.0.0.1"))
    assert outcome.row["error"] == "tls"
    assert "IP address mismatch" in outcome.row["message"]


@pytest.mark.parametrize(
    "code", ["client.verify = False; result = client.get('/').text", "result = client.get('/', verify=False).text"]
)
def test_a_scenario_may_trust_everybody(lean: Lean, certificate: Path, code: str) -> None:
    with a_raw_server(secured(certificate, each(OK))) as server:
        outcome = lean.run(f"https://localhost:{server.port}", code)
    assert (outcome.error, outcome.result) == (None, "ok")


@pytest.mark.parametrize(
    "code", ["client.verify = {!r}; result = client.get('/').text", "result = client.get('/', verify={!r}).text"]
)
def test_a_scenario_may_name_whom_it_trusts(lean: Lean, certificate: Path, code: str) -> None:
    """Others are trusted no more then; a connection to one is not used for a request that trusts the usual ones."""
    with a_raw_server(secured(certificate, each(OK))) as server:
        outcome = lean.run(f"https://localhost:{server.port}", code.format(str(certificate)))
        other = lean.run(
            f"https://localhost:{server.port}", f"{code.format(str(certificate))}; client.get('/', verify=True)"
        )
    assert (outcome.error, outcome.result) == (None, "ok")
    assert [row["error"] for row in other.rows] == [None, "tls"]


@pytest.mark.parametrize("is_pair", [False, True])
def test_a_server_that_wants_a_certificate_is_shown_one(lean: Lean, certificate: Path, is_pair: bool) -> None:
    """Of one request, or of all; without it the server refuses."""
    cert = (str(certificate), str(certificate)) if is_pair else str(certificate)
    code = f"""
client.verify = {str(certificate)!r}
result = [client.get('/', cert={cert!r}).status_code, client.get('/').status_code]
client.cert = {cert!r}
result += [client.get('/').status_code]
"""
    with a_raw_server(secured(certificate, each(OK), clients=certificate)) as server:
        outcome = lean.run(f"https://localhost:{server.port}", code)
    assert (outcome.error, outcome.result) == (None, [200, 0, 200])
    assert outcome.rows[1]["error"] == "tls"


def test_the_client_in_the_place_of_requests_trusts_whom_the_environment_names_for_it(
    lean: Lean, certificate: Path
) -> None:
    code = f"""
import os
from perfkit.load.child.lean.clients import RequestsClient
os.environ["REQUESTS_CA_BUNDLE"] = {str(certificate)!r}
try:
    other = RequestsClient(client.base_url)
    result = other.get("/").text
    other.close()
finally:
    del os.environ["REQUESTS_CA_BUNDLE"]
"""
    with a_raw_server(secured(certificate, each(OK))) as server:
        outcome = lean.run(f"https://localhost:{server.port}", code)
    assert (outcome.error, outcome.result) == (None, "ok")


@pytest.mark.parametrize("word", ["verify", "cert"])
def test_a_file_that_is_not_there_is_named(lean: Lean, word: str) -> None:
    """And no row is left of a request that could not be made."""
    outcome = lean.run("https://localhost:1", f"client.get('/', {word}='/no/such.pem')")
    assert outcome.error == "ValueError: there is no /no/such.pem to verify a certificate with, or to show one"
    assert outcome.rows == []


def test_trusting_once_is_not_trusting_always(lean: Lean, certificate: Path) -> None:
    """A connection that was made without a check is not used for a request that wants one."""
    with a_raw_server(secured(certificate, each(OK))) as server:
        outcome = lean.run(f"https://localhost:{server.port}", "client.get('/', verify=False); client.get('/')")
    assert [row["error"] for row in outcome.rows] == [None, "tls"]


def test_a_server_without_tls_is_an_error_of_tls(lean: Lean) -> None:
    def script(talk: Talk) -> None:
        talk.socket.recv(1000)
        talk.say(OK)

    with a_raw_server(script) as server:
        outcome = lean.get(f"https://localhost:{server.port}")
    assert outcome.row["error"] == "tls"


def test_a_handshake_that_does_not_end_is_a_timeout(lean: Lean) -> None:
    with a_raw_server(lambda talk: talk.wait_for_leave()) as server:
        outcome = lean.get(f"https://localhost:{server.port}", limits={"connect_s": 0.2})
    assert outcome.row["error"] == "timeout"
