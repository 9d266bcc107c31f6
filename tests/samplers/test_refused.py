"""A process of another user: what is missing, of which process, whose it is, and the way out."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from perfkit.errors import TargetError
from perfkit.samplers.detail import Activity, Shares
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.refused import Refusal, refusals, told
from perfkit.samplers.whom import find
from tests import lacking
from tests.samplers.other_user import WITHOUT_RIGHTS, a_process_of_nobody, as_nobody

ME = os.getpid()


def test_nothing_of_ones_own_processes_is_refused() -> None:
    assert refusals([ME]) == []


@contextlib.contextmanager
def a_server_of_root() -> Iterator[tuple[int, int]]:
    """The pid and the port of a process of this user."""
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], text=True, **pipes) as process:
        try:
            assert process.stdout is not None
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def test_of_another_users_process_memory_is_seen_and_the_rest_is_named() -> None:
    def look() -> dict[str, object]:
        tree = ProcessTree((f"pid:{pid}",))
        activity = Activity(tree)
        activity.read()
        return {
            "tree": sorted(tree.read()),
            "activity": sorted(activity.read()),
            "shares": Shares(tree).read(),
            "refused": [asdict(one) for one in refusals([pid])],
            "told": told(refusals([pid])),
        }

    with a_server_of_root() as (pid, _):
        seen = as_nobody(look)
    assert {"anon_bytes", "rss_bytes", "threads_count"} <= set(seen["tree"])
    assert seen["activity"] == ["context_switches_per_s"]  # no file, no socket, and no 0 bytes of storage either
    assert seen["shares"] == {}
    (refused,) = seen["refused"]
    assert (refused["pid"], refused["user"], refused["files"]) == (pid, "root", ["smaps_rollup", "fd", "io"])
    (sentence,) = seen["told"]
    assert sentence.startswith(f"not seen of process {pid} (")
    assert (
        "of user root: USS and PSS (/proc/PID/smaps_rollup), open files and sockets (/proc/PID/fd), "
        "storage (/proc/PID/io); run perfkit as root (sudo perfkit …)"
    ) in sentence
    assert "sudo setcap cap_sys_ptrace,cap_dac_read_search+ep" in sentence


def test_a_port_of_another_user_is_said_to_be_theirs() -> None:
    def look() -> list[str | None]:
        try:
            return [str(find(f"port:{port}").pid)]
        except TargetError as error:
            return [error.message, error.hint]

    with a_server_of_root() as (_, port):
        message, hint = as_nobody(look)
    assert "is listened on by a process of user root" in message
    assert "watch it by pid or name; or run perfkit as root" in hint


def test_processes_of_one_user_share_a_sentence_that_names_the_first() -> None:
    alike = [Refusal(pid, "worker", "www-data", ("fd",)) for pid in range(1, 6)]
    other = Refusal(9, "postgres", "postgres", ("fd", "io"))
    first, second = told([alike[0], other, *alike[1:]])
    assert first.startswith("not seen of process 9 (postgres) of user postgres: open files and sockets (/proc/PID/fd),")
    assert "processes 1 (worker), 2 (worker), 3 (worker) and 2 more of user www-data" in second


def test_a_process_that_has_gone_refuses_nothing() -> None:
    assert refusals([4_194_305]) == []


def perfkit_without_rights(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which(WITHOUT_RIGHTS[0]) is None:
        lacking.without("setpriv (util-linux) is not installed")
    argv = [*WITHOUT_RIGHTS, sys.executable, "-m", "perfkit", *arguments]
    return subprocess.run(argv, cwd=at, capture_output=True, text=True, timeout=60, check=False)


def test_watching_says_at_once_what_is_missing(tmp_path: Path) -> None:
    for_a_moment = ("--until", "300ms", "--period", "100ms")
    with a_process_of_nobody() as pid:
        done = perfkit_without_rights("memory", f"pid:{pid}", *for_a_moment, "--json", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"not seen of process {pid} (sleep) of user nobody: USS and PSS" in done.stderr
    content = json.loads(done.stdout)
    assert content["hidden"] == [{"pid": pid, "name": "sleep", "user": "nobody", "files": ["smaps_rollup", "fd", "io"]}]
    assert content["hidden_processes"] == 1
    assert content["metrics"]["anon_bytes"]["last"] > 0
    assert "fds_count" not in content["metrics"]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "locustfile.py").write_text(
        "from locust import constant, task\nfrom perfkit.load import HttpUser\n\n"
        "class Caller(HttpUser):\n    wait_time = constant(0.02)\n\n    @task\n    def call(self):\n"
        '        self.client.get("/", name="Call")\n'
    )
    return tmp_path


SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""


def test_the_setup_and_a_run_say_it_too(suite: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, a_process_of_nobody() as pid:
        port = server.getsockname()[1]
        server.close()
        with subprocess.Popen([sys.executable, "-c", SERVER.format(port=port)]) as target:
            try:
                _wait_for(port)
                (suite / "perfkit.toml").write_text(
                    f'name = "erp"\n[target]\nurl = "http://127.0.0.1:{port}"\nwatch = ["pid:{pid}"]\n'
                    '[scenario]\nfile = "locustfile.py"\n[sampling]\nsettle = "0s"\n'
                    '[[phase]]\nname = "load"\nusers = 1\nduration = "1s"\n'
                )
                setup = perfkit_without_rights("check-setup", "--json", at=suite)
                run = perfkit_without_rights("bench", "--json", at=suite)
            finally:
                target.kill()
    said = f"not seen of process {pid} (sleep) of user nobody"
    looks = {look["what"]: look for look in json.loads(setup.stdout)["setup"]}
    assert said in looks["processes"]["said"]
    assert looks["processes"]["ok"]
    assert any(note.startswith(said) for note in json.loads(run.stdout)["run"]["notes"]), run.stderr


def _wait_for(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            continue
        return
