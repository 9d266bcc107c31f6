"""Bad days: each gives one clear sentence with a way out and its exit code; nothing is lost, nothing is left behind."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import lacking
from tests.cli.perfkit import Done, interrupt_when, perfkit, rows_in, start, strays
from tests.load import scenarios
from tests.servers import a_server

SUITE = """
[target]
url = "{url}"
{target}
[scenario]
file = "locustfile.py"
[sampling]
settle = "100ms"
[[phase]]
name = "load"
users = 2
duration = "{duration}"
{rest}
"""


def a_suite(
    folder: Path, url: str, *, text: str = scenarios.FAST, duration: str = "3s", target: str = "", rest: str = ""
) -> None:
    scenarios.write(folder, text)
    (folder / "perfkit.toml").write_text(SUITE.format(url=url, duration=duration, target=target, rest=rest))


def assert_explained(done: Done, code: int, said: str) -> None:
    assert (done.code, said in done.complaint) == (code, True), done.err
    assert "→" in done.complaint, done.err
    assert "Traceback" not in done.err + done.out


def status_of(folder: Path) -> str:
    (record,) = folder.glob("reports/*/run.json")
    return str(json.loads(record.read_text())["status"])


def test_a_target_that_does_not_listen_is_exit_3_and_leaves_no_folder(tmp_path: Path) -> None:
    a_suite(tmp_path, "http://127.0.0.1:1")
    assert_explained(perfkit("bench", at=tmp_path), 3, "nothing answers at http://127.0.0.1:1")
    assert not list(tmp_path.glob("reports/*"))


def test_a_target_that_dies_in_mid_run_is_exit_3_and_what_was_measured_is_kept(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        time.sleep(0.5)
        a_suite(tmp_path, f"http://127.0.0.1:{port}", duration="30s", target=f'watch = ["port:{port}"]')
        with start("bench", at=tmp_path) as process:
            while rows_in(tmp_path) < 4000:
                time.sleep(0.05)
            server.kill()
            out, err = process.communicate(timeout=60)
    assert_explained(Done(process.returncode, out, err), 3, "the target went away in phase load")
    assert status_of(tmp_path) == "discarded"
    assert_explained(perfkit("check", "latest", at=tmp_path), 6, "went away")
    assert "report.html" in out
    assert not strays(tmp_path)


def test_a_database_that_does_not_answer_is_exit_5_before_any_load(tmp_path: Path) -> None:
    with a_server() as url:
        a_suite(tmp_path, url, rest='[database]\ndsn_env = "SHOP_DSN"')
        unset = perfkit("bench", at=tmp_path)
        secret = "postgresql://shop:hunter2@127.0.0.1:1/shop"
        unreachable = perfkit("bench", at=tmp_path, env={"SHOP_DSN": secret})
    assert_explained(unset, 5, "SHOP_DSN is not set")
    assert_explained(unreachable, 5, "")
    assert "hunter2" not in unreachable.err + unreachable.out
    assert not list(tmp_path.glob("reports/*"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("import locust\n", "no Locust User class"),
        (
            scenarios.FAST.replace("self.client.get", "str")
            .replace(', name="Often"', "")
            .replace(', name="Rarely"', ""),
            "made no request",
        ),
    ],
    ids=["syntax error", "no user", "no request"],
)
def test_a_scenario_that_does_not_run_is_exit_4(tmp_path: Path, text: str, said: str) -> None:
    with a_server() as url:
        a_suite(tmp_path, url, text=text, duration="1s")
        done = perfkit("bench", at=tmp_path)
    assert_explained(done, 4, said)
    assert not strays(tmp_path)


def test_one_ctrl_c_finishes_and_reports_what_there_is(tmp_path: Path) -> None:
    with a_server(delay_s=0.01) as url:
        a_suite(tmp_path, url, duration="60s")
        with start("bench", at=tmp_path) as process:
            done = interrupt_when(process, lambda: rows_in(tmp_path) > 4000)
    assert done.code == 130
    assert status_of(tmp_path) == "interrupted"
    assert (tmp_path / done.out.splitlines()[-1]).is_file()
    assert "Traceback" not in done.err
    assert not strays(tmp_path)


def test_two_ctrl_c_stop_at_once(tmp_path: Path) -> None:
    """The scenario's users would take half a minute to stop."""
    stubborn = scenarios.FAST + "\n    def on_stop(self):\n        import time\n        time.sleep(30)\n"
    with a_server(delay_s=0.01) as url:
        a_suite(tmp_path, url, text=stubborn, duration="60s", rest="")
        with start("bench", at=tmp_path) as process:
            began = time.monotonic()
            done = interrupt_when(process, lambda: rows_in(tmp_path) > 4000, times=2, gap_s=0.3)
    assert done.code == 130
    assert time.monotonic() - began < 30
    assert status_of(tmp_path) == "interrupted"
    assert not strays(tmp_path)


def test_a_killed_run_still_reads_and_says_interrupted(tmp_path: Path) -> None:
    with a_server(delay_s=0.01) as url:
        a_suite(tmp_path, url, duration="60s")
        with start("bench", at=tmp_path) as process:
            while rows_in(tmp_path) < 8000:
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        deadline = time.monotonic() + 15
        while strays(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.2)
    assert not strays(tmp_path)
    done = perfkit("check", "latest", "--json", at=tmp_path)
    told = json.loads(done.out)
    assert told["status"] == "interrupted"
    assert any(metric["name"] == "latency.p95_ms" for metric in told["metrics"])


def test_a_full_disk_is_said_and_the_run_is_not_trusted(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], capture_output=True, check=False
    )
    if mounted.returncode:
        lacking.without("a small disk cannot be mounted here (needs root)")
    try:
        with a_server() as url:
            a_suite(tmp_path, url, duration="4s")
            done = perfkit("bench", "--out", small, at=tmp_path)
    finally:
        subprocess.run(["umount", small], check=True)
    assert done.code in {2, 6}, done.err
    assert re.search("No space left|rows lost", done.complaint), done.err
    assert "Traceback" not in done.err
    assert not strays(tmp_path)


def test_an_output_folder_that_cannot_be_written_is_exit_2_before_any_load(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with a_server() as url:
        a_suite(tmp_path, url)
        done = perfkit("bench", "--out", "file/reports", at=tmp_path)
    assert_explained(done, 2, "cannot be written")


def test_a_public_host_must_be_named(tmp_path: Path) -> None:
    a_suite(tmp_path, "http://192.0.2.1:9")  # TEST-NET-1: nobody is there, and it must not even be asked
    assert_explained(perfkit("bench", at=tmp_path), 2, "192.0.2.1")


def test_every_mistake_in_the_suite_is_told_at_once(tmp_path: Path) -> None:
    a_suite(tmp_path, "http://127.0.0.1:1", rest='warmupp = "1s"\n[[expect]]\nthat = "latency.p9 < 2parsecs"')
    done = perfkit("bench", at=tmp_path)
    assert_explained(done, 2, "warmup")
    assert "did you mean" in done.complaint
    assert "latency.p9" in done.complaint
