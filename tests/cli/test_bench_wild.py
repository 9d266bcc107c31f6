"""`perfkit bench` on Locust files as they come: several, in folders, with options of their own, shaped, lean."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from perfkit import store
from perfkit.model import Run
from tests import lacking
from tests.builders import rows_of
from tests.cli.perfkit import perfkit, strays
from tests.load import scenarios
from tests.load.test_wild import WILD
from tests.servers import a_server

SUITE = """
[target]
url = "{url}"
[scenario]
file = "locustfile.py"
[sampling]
settle = "100ms"
[[phase]]
name = "single"
iterations = 2
"""
TAGGED = scenarios.FAST.replace("    @task(1)", "    @tag('seldom')\n    @task(1)").replace("task\n", "tag, task\n", 1)


def the_run(at: Path) -> Run:
    (record,) = at.glob("reports/*/run.json")
    return store.load(record.parent)


def endpoints(run: Run) -> set[str]:
    return set(rows_of(run)["endpoint"].unique())


def test_words_after_two_dashes_are_for_locust_whatever_stands_before_them(tmp_path: Path) -> None:
    """Here nothing does, so the suite is the one in this folder."""
    scenarios.write(tmp_path, TAGGED)
    with a_server(delay_s=0.02) as url:
        (tmp_path / "perfkit.toml").write_text(SUITE.format(url=url))
        done = perfkit("bench", "--", "--tags", "seldom", at=tmp_path)
    assert done.code == 0, done.err
    run = the_run(tmp_path)
    assert endpoints(run) == {"Rarely"}
    assert run.record.config["scenario"]["arguments"] == ["--tags", "seldom"]


def test_several_files_and_a_folder_are_one_scenario(tmp_path: Path) -> None:
    """Also with a comma between them, as Locust writes it; the run says which they were."""
    named = (f"{WILD}/many_kinds.py,{WILD}/own_options.py", f"{WILD}/folder")
    with a_server(delay_s=0.02) as url:
        load = ("--host", url, "--users", "7", "--duration", "1s")
        done = perfkit("bench", *named, *load, "--", "--tenant", "t", at=tmp_path)
    assert done.code == 0, done.err
    run = the_run(tmp_path)
    assert {"/", "/admin", "checkout", "/t/0", "/t/1", "/read", "/write"} <= endpoints(run)
    names = ["many_kinds.py", "own_options.py", "folder"]
    assert [Path(file).name for file in run.record.config["scenario"]["files"]] == names
    assert run.record.provenance["scenario"] == ", ".join(names)
    assert run.record.provenance["scenario_sha256"]


def test_a_shape_decides_where_nothing_else_is_said(tmp_path: Path) -> None:
    """The phase is announced as that, and users are no number that nobody asked for."""
    with a_server(delay_s=0.02) as url:
        done = perfkit("bench", WILD / "shaped.py", "--host", url, at=tmp_path)
    assert done.code == 0, done.err
    assert "phase load: users and length as the scenario's own LoadTestShape says" in done.err
    (phase,) = the_run(tmp_path).record.phases
    assert phase.users is None
    assert phase.ended_at - phase.started_at < 20
    assert not strays(tmp_path)


def test_lean_says_what_it_swapped(tmp_path: Path) -> None:
    """On the terminal, and in the record of the run."""
    with a_server(delay_s=0.02, echo="/echo") as url:
        load = ("--host", url, "--users", "3", "--duration", "1s", "--lean")
        done = perfkit("bench", WILD / "session_features.py", *load, at=tmp_path)
    assert done.code == 0, done.err
    told = [note for note in the_run(tmp_path).record.notes if note.startswith("lean: ")]
    assert told[0].startswith("lean: Plain of 3 classes of users had perfkit's client")
    assert "lean: Adapted kept Locust's client: it uses client.mount, uses HTTPAdapter" in told
    assert all(note in done.err.replace("\n", " ") for note in told)


def test_what_does_not_go_together_is_a_usage_error(tmp_path: Path) -> None:
    scenarios.write(tmp_path, scenarios.FAST)
    (tmp_path / "perfkit.toml").write_text(SUITE.format(url="http://127.0.0.1:1"))
    nowhere = ("--host", "http://127.0.0.1:1")
    for words, said in (
        (("bench", "perfkit.toml", "locustfile.py", *nowhere), "perfkit.toml is a suite, which is run alone"),
        (("bench", "perfkit.toml", "tags"), "arguments for Locust stand after --"),
        (("bench", "--lean"), "lean = true"),
        (("bench", "locustfile.py", *nowhere, "--", "--users", "5"), "--users is not for Locust here"),
        (("bench", "locustfile.py", "lost.py", *nowhere), "'lost.py' does not exist"),
    ):
        done = perfkit(*words, at=tmp_path)
        assert (done.code, said in done.err) == (2, True), (words, done.err)


def test_users_who_all_fail_in_their_on_start_are_the_scenarios_failure(tmp_path: Path) -> None:
    """Exit 4, with the place; the request that they made first is a row."""
    text = scenarios.FAST + "\n    def on_start(self):\n        self.token = self.client.get('/').json()['token']\n"
    scenarios.write(tmp_path, text)
    with a_server(delay_s=0.02) as url:
        done = perfkit("bench", "locustfile.py", "--host", url, "--users", "2", "--duration", "1s", at=tmp_path)
    assert done.code == 4, done.err
    assert "raised KeyError: 'token' (locustfile.py, line 16)" in done.err
    assert "users failed before anything was measured" in done.complaint


def test_an_address_with_a_space_is_sent_as_an_address(tmp_path: Path) -> None:
    """By each of the clients; in the URL of the target itself it is a mistake."""
    asked: list[str] = []
    kinds = {"HttpUser": "locust", "FastHttpUser": "locust", "LeanUser": "perfkit.load"}
    text = "from locust import FastHttpUser, HttpUser, task\nfrom perfkit.load import HttpUser as LeanUser\n"
    for kind in kinds:
        text += f"class Of{kind}({kind}):\n    @task\n    def get(self):\n        self.client.get('/{kind} b?q=c d')\n"
    scenarios.write(tmp_path, text)

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        return 200, {}, b"{}"

    with a_server(answer, delay_s=0.02) as url:
        load = ("--users", "3", "--duration", "1s")
        done = perfkit("bench", "locustfile.py", "--host", url, *load, at=tmp_path)
        wrong = perfkit("bench", "locustfile.py", "--host", f"{url}/a b", at=tmp_path)
    assert done.code == 0, done.err
    assert {f"/{kind}%20b?q=c%20d" for kind in kinds} <= set(asked)
    assert not rows_of(the_run(tmp_path))["error"].notna().any()
    assert (wrong.code, "has a space in it" in wrong.err) == (2, True), wrong.err


@lacking.needs("openssl", "openssl makes the certificate")
def test_a_certificate_for_another_name_is_an_error_of_tls_in_each_row(tmp_path: Path) -> None:
    """The run is made all the same: who does not check certificates gets replies."""
    text = scenarios.FAST.replace(
        "class Shopper(FastHttpUser)", "from perfkit.load import HttpUser\n\nclass Lean(HttpUser)"
    )
    scenarios.write(tmp_path, text + "\nclass Trusting(Lean):\n    fixed_count = 1\n    insecure = True\n")
    with another_name(tmp_path) as (url, certificate):
        load = ("--host", url, "--users", "2", "--duration", "1s")
        done = perfkit("bench", "locustfile.py", *load, "--json", at=tmp_path, env={"SSL_CERT_FILE": str(certificate)})
    assert "Traceback" not in done.err
    rows = rows_of(the_run(tmp_path))
    assert set(rows["error"].astype(object).fillna("")) == {"", "tls"}
    assert rows["message"].dropna().str.contains("certificate is not valid for '127.0.0.1'").all(), rows["message"]
    assert "tls" in {metric["scope"].get("kind") for metric in json.loads(done.out)["metrics"]}


@contextmanager
def another_name(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server on loopback whose certificate is for other.example."""
    from http.server import BaseHTTPRequestHandler

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:  # a client that does not trust it goes away in the handshake
            return

    made, key = folder / "made.pem", folder / "key.pem"
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=other.example", "-addext", "subjectAltName=DNS:other.example"]
    subprocess.run(["openssl", *request, *name, "-keyout", key, "-out", made], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
