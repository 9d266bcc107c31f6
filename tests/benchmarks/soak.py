"""A run of 10,000,000 rows to its reports: ≤ 150 MB and ≤ 60 s, in `perfkit report` and at the end of `perfkit bench`.

Six hours at 460 requests a second by two load processes, and ten million readings of samplers, written by the writer
that a run writes them with; 1,000,000 rows of both for comparison. Run: python -m tests.benchmarks.soak
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from perfkit import config as configs
from perfkit import metrics, store
from perfkit.model import Request, Sample
from perfkit.recorded.rows import RowWriter
from tests.benchmarks import bounds
from tests.benchmarks.million_rows import report
from tests.benchmarks.pairs import publish
from tests.builders import START, a_phase, a_run
from tests.servers import a_server

ROWS = (1_000_000, 10_000_000)
WORKERS = 2
PERIOD_S = 0.25
SERIES = 30
PER_S = 460
MOST_S, MOST_MB = 60.0, 150.0
LIMIT_S = 1500
ENDPOINTS = [f"Endpoint {number}" for number in range(20)]
SUITE = """
[target]
url = "http://127.0.0.1:8000"
[scenario]
file = "locustfile.py"
[[phase]]
name = "soak"
users = 50
duration = "{seconds:.0f}s"
[[expect]]
that = "latency.p95{{*, soak}} < 500ms"
[[expect]]
that = "errors.ratio < 1% for 1m"
"""
# What `perfkit bench` does, with the long run in the place of the short one that it has just measured.
END_OF_BENCH = """
import sys
from pathlib import Path
from perfkit import config, draft, store
from perfkit.cli import shown
from perfkit.measure import measure
from perfkit.report.writing import write_reports
from perfkit.story import tell

folder, url = Path(sys.argv[1]), sys.argv[2]
short = config.without_file([folder / "locustfile.py"], url, users=1, duration="2s")
with shown.live_voice() as voice:
    measure(short, folder / "short", show=voice.show, note=voice.note)
record = store._read_record(folder)
run = draft.end(draft.Draft(folder, record, marks=list(record.phases)))
story = tell(run)
shown.print_result(story, write_reports(story, folder)[0], as_json=False)
"""
SCENARIO = """
from locust import FastHttpUser, constant, task

class Visitor(FastHttpUser):
    wait_time = constant(0.1)

    @task
    def page(self):
        self.client.get("/")
"""


def write_run(folder: Path, rows: int) -> None:
    """One phase, in batches of a second, as its load processes and its watcher write them."""
    folder.mkdir()
    (folder / "locustfile.py").write_text(SCENARIO)
    seconds = rows // PER_S
    config = configs.from_text(SUITE.format(seconds=seconds), folder / "perfkit.toml", metrics=metrics.names())
    phase = a_phase("soak", 0, seconds, users=50, generator_cpu_ratio=0.3)
    store.write_record(folder, a_run(phases=[phase], config=configs.effective(config)).record)
    shards = [folder / "requests" / f"soak-{number}.arrow" for number in range(WORKERS)]
    dice = np.random.default_rng(1)
    for shard in shards:
        with RowWriter(shard, Request) as writer:
            for second in range(seconds):
                writer.append(_requests(second, PER_S // WORKERS, dice))
    with RowWriter(folder / store.SAMPLES, Sample) as writer:
        for second in range(round(rows * PERIOD_S / SERIES)):
            writer.append(_samples(second * seconds / round(rows * PERIOD_S / SERIES), dice))


def _requests(second: int, count: int, dice: np.random.Generator) -> list[tuple[object, ...]]:
    """Among them late ones, failed ones, and such as were sent compressed and from a cache."""
    started = (START + second + np.sort(dice.random(count))).tolist()
    service = dice.lognormal(-2.5, 0.6, count).tolist()
    kinds, sizes = dice.integers(0, 1000, count).tolist(), dice.integers(100, 5000, count).tolist()
    return [
        (
            "soak",
            ENDPOINTS[kind % 20],
            at - (0.001 if kind < 100 else 0.0),
            at,
            took * 0.9,
            took,
            500 if kind == 0 else 200,
            size,
            size * 3,
            "hit" if kind % 3 else None,
            "http_5xx" if kind == 0 else None,
            "HTTP 500" if kind == 0 else None,
            False,
        )
        for at, took, kind, size in zip(started, service, kinds, sizes, strict=True)
    ]


def _samples(second: float, dice: np.random.Generator) -> list[tuple[object, ...]]:
    values = dice.random((round(1 / PERIOD_S), SERIES)).tolist()
    return [
        (START + second + PERIOD_S * look, "target", "anon_bytes" if number == 0 else f"metric{number}", value)
        for look, read in enumerate(values)
        for number, value in enumerate(read)
    ]


def end_of_bench(folder: Path) -> tuple[float, float]:
    """Seconds, and peak memory in MB, of a process of its own, which measures something short before."""
    began = time.perf_counter()
    files = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    with a_server(delay_s=0.01) as url:
        argv = [sys.executable, "-c", END_OF_BENCH, str(folder), url]
        pid = os.posix_spawn(sys.executable, argv, os.environ, file_actions=files)
        _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"the end of a bench ended with {status}")
    return time.perf_counter() - began, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as parent:
        folders = {rows: Path(parent) / str(rows) for rows in ROWS}
        # Written by another process: a child's peak includes what its parent held when it was forked.
        with multiprocessing.get_context("spawn").Pool(len(folders)) as pool:
            pool.starmap(write_run, [(folder, rows) for rows, folder in folders.items()])
        for rows, folder in folders.items():
            for what, read in (("report", report), ("end of bench", end_of_bench)):
                seconds, peak_mb = read(folder)
                found[f"{what}, {rows:,}"] = {"rows": rows, "seconds": seconds, "peak_mb": peak_mb}
    publish(
        f"{ROWS[-1]:,} rows and as many readings to report",
        f"≤ {MOST_MB:g} MB, ≤ {MOST_S:g} s",
        all(one["peak_mb"] <= MOST_MB and one["seconds"] <= MOST_S for one in found.values()),
        **found,
    )


if __name__ == "__main__":
    bounds.run(main, LIMIT_S)
