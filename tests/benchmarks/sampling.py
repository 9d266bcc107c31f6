"""What watching costs: a tree of ten processes with sixty threads, read four times a second, beside psutil's reading.

python -m tests.benchmarks.sampling
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from perfkit.samplers.detail import Activity, Shares
from perfkit.samplers.process import ProcessTree
from tests.benchmarks.pairs import alternate, publish, ratios

BAR = 0.01
PER_SECOND = 4
READINGS = 50
ROUNDS = 7

TREE = """
import os, threading, time
for _ in range(9):
    if os.fork() == 0:
        break
for _ in range(5):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
print("up", flush=True)
time.sleep(600)
"""


@contextmanager
def a_tree() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", TREE], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            for _ in range(10):
                process.stdout.readline()
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def cpu_s_of(read: Callable[[], object], times: int = READINGS) -> float:
    """CPU seconds of one reading."""
    began = time.process_time()
    for _ in range(times):
        read()
    return (time.process_time() - began) / times


def with_psutil(pid: int) -> None:
    """The same figures: RSS, anonymous memory (of the maps), threads, CPU."""
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        process.memory_info()
        process.cpu_times()
        process.num_threads()


def main() -> None:
    with a_tree() as pid:
        tree = ProcessTree((f"pid:{pid}",))
        activity, shares = Activity(tree), Shares(tree)
        found = alternate(
            {"perfkit": lambda: cpu_s_of(tree.read), "psutil": lambda: cpu_s_of(lambda: with_psutil(pid))}, ROUNDS
        )
        seldom = cpu_s_of(activity.read) / activity.period_s + cpu_s_of(shares.read, 5) / shares.period_s
    often = statistics.median(found["perfkit"]) * PER_SECOND
    publish(
        "sampling",
        f"a tree of ten processes at {PER_SECOND} Hz takes <= {BAR:.0%} of a core",
        often + seldom <= BAR,
        share_of_a_core={"memory and CPU": often, "files, switches, storage, USS": seldom, "in all": often + seldom},
        of_psutil=ratios(found["perfkit"], found["psutil"]),
        reading_ms={name: [round(value * 1e3, 3) for value in values] for name, values in found.items()},
    )


if __name__ == "__main__":
    main()
