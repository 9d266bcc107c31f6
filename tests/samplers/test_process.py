"""Memory and CPU of real process trees."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest

from perfkit.errors import TargetError, UsageError
from perfkit.model import Sample
from perfkit.recorded.rows import read_rows
from perfkit.samplers.detail import Activity, Shares
from perfkit.samplers.process import ProcessTree, find
from perfkit.samplers.watch import watching

MB = 1_000_000


@contextlib.contextmanager
def a_process(code: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has run `code` and waits."""
    script = f"{code}\nprint('ready', flush=True)\nimport time\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_anonymous_memory_follows_what_the_process_allocates() -> None:
    with a_process("") as small, a_process("data = bytearray(b'x' * 50_000_000)") as large:
        plain = ProcessTree((f"pid:{small.pid}",)).read()
        fat = ProcessTree((f"pid:{large.pid}",)).read()
    assert fat["anon_bytes"] - plain["anon_bytes"] == pytest.approx(50 * MB, rel=0.1)
    assert fat["rss_bytes"] > fat["anon_bytes"]


def test_children_are_counted_with_their_parent() -> None:
    code = """
import subprocess, sys
grand = "data = bytearray(b'x' * 30_000_000); print('up', flush=True); import time; time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", grand], stdout=subprocess.PIPE)
child.stdout.readline()
"""
    with a_process(code) as parent:
        tree = ProcessTree((f"pid:{parent.pid}",))
        reading = tree.read()
        assert reading["processes_count"] == 2
        assert reading["anon_bytes"] > 30 * MB
        for child in psutil.Process(parent.pid).children():
            child.kill()


def test_cpu_is_a_share_of_one_core_since_the_last_reading() -> None:
    spin = "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()"
    with a_process(spin) as busy:
        tree = ProcessTree((f"pid:{busy.pid}",))
        assert "cpu_ratio" not in tree.read()
        time.sleep(0.5)
        assert 0.1 < tree.read()["cpu_ratio"] <= 1.2


def test_a_port_means_who_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert find(f"port:{listener.getsockname()[1]}").pid == os.getpid()


@pytest.mark.parametrize("watch", ["pid:4194305", "port:1", "name:no-such-program"])
def test_a_process_that_is_not_there_is_an_error_with_a_way_out(watch: str) -> None:
    with pytest.raises(TargetError, match="no process to watch") as caught:
        find(watch)
    assert caught.value.hint


@pytest.mark.parametrize("watch", ["8000", "pid:x", "port:", "process:1", ""])
def test_a_watch_of_another_form_is_a_usage_error(watch: str) -> None:
    with pytest.raises(UsageError, match="names no process"):
        find(watch)


def test_a_process_that_ends_gives_no_memory_and_is_not_alive() -> None:
    with a_process("") as process:
        tree = ProcessTree((f"pid:{process.pid}",))
        process.kill()
        process.wait()
        assert not tree.is_alive
        assert "anon_bytes" not in tree.read()


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    tree = ProcessTree((f"pid:{process.pid}",))
    deadline = time.monotonic() + 5
    while tree.is_alive and time.monotonic() < deadline:
        time.sleep(0.02)  # it has ended, and nobody has waited for it
    assert not tree.is_alive
    process.wait()


def test_children_that_come_and_go_all_the_time_break_no_reading() -> None:
    """Thousands a minute: each may have gone between the moment it is listed and the moment it is read."""
    storm = """
import os, threading
def fork():
    while True:
        if (child := os.fork()) == 0:
            os._exit(0)
        os.waitpid(child, 0)
threading.Thread(target=fork, daemon=True).start()
"""
    with a_process(storm) as process:
        tree = ProcessTree((f"pid:{process.pid}",))
        activity, shares = Activity(tree), Shares(tree)
        deadline, counts = time.monotonic() + 1.0, []
        while time.monotonic() < deadline:
            counts.append(tree.read()["processes_count"])
            assert "fds_count" in activity.read()
            assert "uss_bytes" in shares.read()
    assert set(counts) <= {1.0, 2.0}


def test_a_replacement_under_the_same_port_is_a_restart() -> None:
    serve = "import socket\nserver = socket.create_server(('127.0.0.1', {port}))"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with a_process(serve.format(port=port)) as first:
        tree = ProcessTree((f"port:{port}",))
        first.kill()
        first.wait()
    with a_process(serve.format(port=port)):
        reading = tree.read()
    assert reading["restarts_count"] == 1
    assert tree.restarts == 1


def test_samples_reach_the_disk_and_a_floor_is_one_of_them(tmp_path: Path) -> None:
    path = tmp_path / "samples.arrow"
    with a_process("") as process, watching([ProcessTree((f"pid:{process.pid}",), 0.05)], path) as watch:
        floor = watch.floor(0.2, 0.05)
    samples: pd.DataFrame = read_rows([path], Sample).to_pandas()
    counts = samples["metric"].value_counts()
    assert counts["anon_bytes"] >= 4
    assert samples[samples["metric"] == "floor_bytes"]["value"].tolist() == [floor]


def test_without_a_target_there_is_no_floor(tmp_path: Path) -> None:
    with watching([], tmp_path / "samples.arrow") as watch:
        assert watch.floor(0.0, 0.0) is None
