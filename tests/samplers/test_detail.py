"""Open files, connections, switches, storage and shared memory of real processes; limits of a control group."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfkit.errors import TargetError, UsageError
from perfkit.samplers import proc
from perfkit.samplers.cgroup import ControlGroup, group_of
from perfkit.samplers.detail import Activity, Shares
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.whom import find

MB = 1_000_000
ME = (f"pid:{os.getpid()}",)


def test_open_files_and_sockets_are_counted_apart() -> None:
    activity = Activity(ProcessTree(ME))
    before = activity.read()
    with Path(os.devnull).open() as _, socket.socket(), socket.socket():
        during = activity.read()
    assert during["fds_count"] - before["fds_count"] == 3
    assert during["sockets_count"] - before["sockets_count"] == 2


def test_rates_are_since_the_last_reading(tmp_path: Path) -> None:
    activity = Activity(ProcessTree(ME))
    assert "context_switches_per_s" not in activity.read()
    for _ in range(200):
        time.sleep(0.0005)  # each one gives up the CPU
    assert activity.read()["context_switches_per_s"] > 100


def test_threads_are_counted_over_the_tree() -> None:
    one = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    code = f"import threading, time\nfor _ in range(7): {one}"
    script = f"{code}\nprint('up', flush=True)\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ProcessTree((f"pid:{process.pid}",)).read()["threads_count"] == 8
        process.kill()


def test_uss_is_what_belongs_to_the_process_alone() -> None:
    shares = Shares(ProcessTree(ME))
    before = shares.read()
    held = bytearray(os.urandom(1)) * (20 * MB)
    after = shares.read()
    assert after["uss_bytes"] - before["uss_bytes"] == pytest.approx(len(held), rel=0.1)
    assert after["pss_bytes"] >= after["uss_bytes"]


def test_what_proc_says_is_what_psutil_says() -> None:
    """The two read the same kernel; ours is there because it costs less."""
    found = find(ME[0])
    facts = proc.facts(os.getpid())
    assert facts is not None
    assert facts.rss_bytes == pytest.approx(found.memory_info().rss, rel=0.05)
    assert facts.threads == found.num_threads()
    assert facts.cpu_s == pytest.approx(sum(found.cpu_times()[:2]), abs=0.1)


def test_a_process_that_has_gone_gives_nothing() -> None:
    gone = 4_194_305
    assert proc.facts(gone) is None
    assert proc.descriptors(gone) is None
    assert proc.context_switches(gone) is None
    assert proc.transferred(gone) is None
    assert proc.shares(gone) is None


def write_group(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text)
    return folder


def test_a_control_group_tells_its_limit_its_pressure_and_its_throttling(tmp_path: Path) -> None:
    group = ControlGroup(
        write_group(
            tmp_path,
            memory_current="104857600\n",
            memory_max="209715200\n",
            cpu_stat="usage_usec 1\nthrottled_usec 1000000\n",
            memory_pressure="some avg10=12.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 total=0\n",
        )
    )
    first = group.read()
    assert first == {
        "cgroup_memory_bytes": 104857600.0,
        "cgroup_memory_limit_bytes": 209715200.0,
        "cgroup_memory_pressure_ratio": 0.125,
    }
    write_group(tmp_path, cpu_stat="usage_usec 1\nthrottled_usec 1500000\n")
    assert group.read()["cgroup_throttled_ratio"] > 0


def test_no_limit_is_no_figure(tmp_path: Path) -> None:
    reading = ControlGroup(write_group(tmp_path, memory_current="1\n", memory_max="max\n")).read()
    assert reading == {"cgroup_memory_bytes": 1.0}


def test_without_a_group_of_its_own_there_is_none(tmp_path: Path) -> None:
    """cgroup v1, a kernel without control groups, or the root group: nothing to read, and no error."""
    assert group_of(os.getpid(), tmp_path) is None


def test_a_process_is_found_by_its_control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "erp" / "worker").mkdir(parents=True)
    (tmp_path / "erp" / "worker" / "cgroup.procs").write_text(f"{os.getpid()}\n")
    monkeypatch.setattr("perfkit.samplers.whom.GROUPS", tmp_path)
    assert find("cgroup:/erp").pid == os.getpid()
    assert ProcessTree(("cgroup:/erp",)).members() == [os.getpid()]
    with pytest.raises(TargetError, match="no process to watch"):
        find("cgroup:/shop")
    with pytest.raises(UsageError):
        find("cgroup:erp")


def test_a_tree_of_a_thousand_is_read_less_often_and_never_without_end(tmp_path: Path) -> None:
    from perfkit.samplers.watch import watching

    code = """
import os, time
for _ in range(1000):
    if os.fork() == 0:
        time.sleep(60)
print("up", flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            tree = ProcessTree((f"pid:{process.pid}",), 0.01)
            with watching([tree], tmp_path / "samples.arrow") as watch:
                time.sleep(2.0)
            assert watch.latest[("target", "processes_count")] == 1001
            assert watch.latest[("perfkit", "sampling_cpu_ratio")] < 0.5
        finally:
            os.killpg(process.pid, 9)
