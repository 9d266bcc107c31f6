"""`perfkit memory` on real processes: watched, interrupted, gone, and found to leak or not."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.perfkit import interrupt_when, perfkit, start, strays
from tests.leaks import targets

LEAN = """
from locust import constant, task
from perfkit.load import HttpUser

class Caller(HttpUser):
    wait_time = constant(0)

    @task
    def call(self):
        self.client.get("/", name="Call")
"""


def test_a_process_is_watched_for_a_time_and_told_as_json(tmp_path: Path) -> None:
    with targets.a_leaky_server("python") as server:
        done = perfkit("memory", f"pid:{server.pid}", "--until", "1s", "--period", "100ms", "--json", at=tmp_path)
    told = json.loads(done.out)
    assert done.code == 0, done.err
    assert 8 <= told["readings"] <= 11
    assert told["ending"] == "until"
    assert told["metrics"]["anon_bytes"]["least"] > 1e6
    assert told["metrics"]["threads_count"]["last"] == 1


def test_every_reading_is_a_row_of_the_csv_file(tmp_path: Path) -> None:
    with targets.a_leaky_server("python") as server:
        done = perfkit(
            "memory", f"port:{server.port}", "--until", "500ms", "--period", "100ms", "--csv", "m.csv", at=tmp_path
        )
    with (tmp_path / "m.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert done.code == 0, done.err
    assert 4 <= len(rows) <= 6
    assert all(float(row["anon_bytes"]) > 1e6 for row in rows)
    assert "open files" in done.out


def test_nodes_heap_is_read_where_it_is_asked_for_and_its_port_closed_again(tmp_path: Path) -> None:
    with targets.a_leaky_server("node") as server:
        done = perfkit("memory", f"pid:{server.pid}", "--node", "--until", "500ms", "--json", at=tmp_path)
        assert json.loads(done.out)["metrics"]["heap_used_bytes"]["last"] > 1e6
        assert httpx.get(server.url).text == "ok"


def test_ctrl_c_ends_an_endless_watch_with_what_was_seen(tmp_path: Path) -> None:
    with targets.a_leaky_server("python") as server:
        process = start("memory", f"pid:{server.pid}", "--period", "50ms", "--csv", "m.csv", at=tmp_path)
        done = interrupt_when(process, lambda: (tmp_path / "m.csv").exists() and len(_lines(tmp_path)) > 3)
    assert done.code == 0, done.err
    assert "memory" in done.out
    assert "Traceback" not in done.err


def _lines(folder: Path) -> list[str]:
    return (folder / "m.csv").read_text().splitlines()


def test_a_process_that_ends_is_exit_3_and_what_was_read_is_told(tmp_path: Path) -> None:
    with targets.a_leaky_server("python") as server:
        process = start("memory", f"pid:{server.pid}", "--period", "50ms", "--csv", "m.csv", "--json", at=tmp_path)
        while not (tmp_path / "m.csv").exists() or len(_lines(tmp_path)) < 4:
            assert process.poll() is None
        os.kill(server.pid, signal.SIGKILL)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 3, err
    assert "ended after" in err
    assert json.loads(out)["ending"] == "gone"


def test_a_server_that_is_started_anew_under_its_port_is_watched_on(tmp_path: Path) -> None:
    first = [sys.executable, str(targets.HERE / "server.py"), "none", "1000"]
    with subprocess.Popen([*first, "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split()[1]
        watching = start(
            "memory", f"port:{port}", "--period", "50ms", "--until", "6s", "--csv", "m.csv", "--json", at=tmp_path
        )
        while not (tmp_path / "m.csv").exists() or len(_lines(tmp_path)) < 4:
            assert watching.poll() is None
        server.kill()
    with subprocess.Popen([*first, port], stdout=subprocess.DEVNULL) as server:
        out, err = watching.communicate(timeout=30)
        server.kill()
    told = json.loads(out)
    assert (watching.returncode, told["ending"], told["restarts"]) == (0, "until", 1), err
    assert told["metrics"]["anon_bytes"]["last"] > 1e6


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["pid:4194305"], 3, "no process to watch"),
        (["8000"], 2, "names no process"),
        (["pid:{pid}", "--until", "soon"], 2, "--until"),
        (["pid:{pid}", "--until", "0s"], 2, "more than zero"),
        (["pid:{pid}", "--csv", "no/such/folder.csv", "--until", "1s"], 2, "folder.csv"),
        (["pid:{pid}", "--node", "--until", "1s"], 3, "none of the watched processes is Node"),
        (["pid:{pid}", "--heap", "--until", "1s"], 3, "is Node or CPython 3.14 or newer or a JVM: python3"),
        (["pid:{pid}", "--leak", "locustfile.py"], 2, "--host"),
        (["pid:{pid}", "--host", "http://127.0.0.1:1"], 2, "--leak"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_a_sentence_with_a_way_out(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    with targets.a_leaky_server("python") as server:
        done = perfkit("memory", *(word.format(pid=server.pid) for word in arguments), at=tmp_path)
    assert (done.code, said in done.complaint) == (code, True), done.err
    assert "Traceback" not in done.err


def test_a_leaking_jvm_is_exit_1_with_the_class_that_leaks_and_the_time_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(LEAN)
    with targets.a_leaky_server("java", "leak") as server:
        load = ["--leak", "locustfile.py", "--host", server.url, "--rounds", "4", "--cooldown", "1s", "--snapshots"]
        done = perfkit("memory", f"pid:{server.pid}", "--heap", *load, at=tmp_path)
    assert done.code == 1, done.err
    assert "Server$Forgotten" in done.out
    assert "its limit in" in done.out


TWO_TASKS = (
    LEAN
    + """
    @task
    def look(self):
        self.client.get("/healthy", name="Look")
"""
)


def test_rounds_of_each_task_say_which_one_leaks_and_that_is_exit_1(tmp_path: Path) -> None:
    """4 rounds of 1,000 requests a task, each of which leaves 1 kB behind in a real Node, but for those to /health…."""
    (tmp_path / "locustfile.py").write_text(TWO_TASKS)
    with targets.a_leaky_server("node", "leak") as server:
        load = ["--leak", "locustfile.py", "--host", server.url, "--rounds", "4", "--cooldown", "1s", "--per-task"]
        done = perfkit("memory", f"pid:{server.pid}", "--node", *load, "--json", at=tmp_path)
    assert done.code == 1, done.err
    told = json.loads(done.out)["leaks"]
    found = {one["phase"]: one for one in told if one["resource"] == "heap"}
    outcomes = {phase: one["outcome"] for phase, one in found.items()}
    assert outcomes == {"leak Caller.call": "LEAK", "leak Caller.look": "OK"}
    assert found["leak Caller.call"]["per_request"] == pytest.approx(1070, rel=0.15)
    assert {one["outcome"] for one in told if one["resource"] == "fds"} == {"OK"}
    assert not strays(tmp_path)
