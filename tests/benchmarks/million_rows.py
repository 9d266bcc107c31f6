"""A run of 1,000,000 rows to metrics and report: ≤ 5 s and ≤ 500 MB; with 100,000 names at most twice as much of both.

Run: python -m tests.benchmarks.million_rows
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from perfkit import config as configs
from perfkit import metrics, store
from perfkit.model import Request
from perfkit.recorded.rows import schema_of
from tests.benchmarks.pairs import publish, ratios
from tests.builders import START, a_phase, a_run

ROWS = 1_000_000
NAMES = {
    "few names": [f"Endpoint {number}" for number in range(20)],
    "a name for each address": [f"/orders/{number}" for number in range(100_000)],
}
BATCH = 5_000
ROUNDS = 3
MOST_S, MOST_MB, MOST_RATIO = 5.0, 500.0, 2.0


SUITE = """
[target]
url = "http://127.0.0.1:8000"
[scenario]
file = "locustfile.py"
[[phase]]
name = "single"
duration = "10m"
[[phase]]
name = "concurrent"
users = 50
duration = "10m"
[[expect]]
that = "latency.p95{*, concurrent} < 500ms"
[[expect]]
that = "errors.ratio < 1%"
"""


def write_run(folder: Path, names: str) -> None:
    """Two phases of 500,000 rows each, in batches as a load child writes them."""
    (folder / "requests").mkdir(parents=True)
    (folder / "locustfile.py").touch()
    phases = [a_phase("single", 0, 600), a_phase("concurrent", 600, 1200, users=50)]
    config = configs.effective(configs.from_text(SUITE, folder / "perfkit.toml", metrics=metrics.names()))
    store.write_record(folder, a_run(phases=phases, config=config).record)
    dice, endpoints = np.random.default_rng(1), pa.array(NAMES[names])
    for number, phase in enumerate(phases):
        path = folder / "requests" / f"{phase.name}-1.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema_of(Request)) as stream:
            for start in range(0, ROWS // 2, BATCH):
                stream.write_batch(_batch(phase.name, endpoints, number * 600 + start / (ROWS // 2) * 600, dice))


def _batch(phase: str, endpoints: pa.Array, at: float, dice: np.random.Generator) -> pa.RecordBatch:
    started = START + at + np.sort(dice.random(BATCH)) * 600 * BATCH / (ROWS // 2)
    service = dice.lognormal(-2.5, 0.6, BATCH)
    columns = {
        "phase": [phase] * BATCH,
        "endpoint": endpoints.take(pa.array(dice.integers(0, len(endpoints), BATCH))),
        "intended_at": started,
        "started_at": started,
        "ttfb_s": service * 0.9,
        "service_s": service,
        "status": np.full(BATCH, 200),
        "wire_bytes": dice.integers(100, 5000, BATCH),
        "decoded_bytes": dice.integers(100, 5000, BATCH),
        "cache": ["hit"] * BATCH,
        "error": [None] * BATCH,
        "message": [None] * BATCH,
        "is_warmup": np.zeros(BATCH, dtype=bool),
    }
    return pa.record_batch(
        [_column(columns[field.name], field.type) for field in schema_of(Request)], schema_of(Request)
    )


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


def report(folder: Path) -> tuple[float, float]:
    """Make the reports anew in a process of their own: seconds, and peak memory in MB."""
    began = time.perf_counter()
    argv = [sys.executable, "-m", "perfkit", "report", str(folder)]
    unsaid = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]  # standard output is for the figures
    pid = os.posix_spawn(sys.executable, argv, os.environ, file_actions=unsaid)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"perfkit report ended with {status}")
    return time.perf_counter() - began, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    readings: dict[str, list[tuple[float, float]]] = {names: [] for names in NAMES}
    with tempfile.TemporaryDirectory() as parent:
        folders = {names: Path(parent) / names.replace(" ", "-") for names in NAMES}
        # Written by another process: a child's peak includes what its parent held when it was forked.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.starmap(write_run, [(folder, names) for names, folder in folders.items()])
        for _ in range(ROUNDS):
            for names, folder in folders.items():
                readings[names].append(report(folder))
        report_mb = (folders["few names"] / "report.html").stat().st_size / 1e6
    (seconds, peaks_mb), (many_s, many_mb) = (zip(*of, strict=True) for of in readings.values())
    peak_mb, median_s = max(peaks_mb), statistics.median(seconds)
    times, memory_ratio = ratios(many_s, seconds), max(many_mb) / peak_mb
    publish(
        f"{ROWS:,} rows to report",
        f"≤ {MOST_S:g} s, ≤ {MOST_MB:g} MB; with 100,000 names ≤ {MOST_RATIO:g} × both",
        median_s <= MOST_S and peak_mb <= MOST_MB and max(times["median"], memory_ratio) <= MOST_RATIO,
        seconds={"median": median_s, "min": min(seconds), "max": max(seconds)},
        peak_mb=peak_mb,
        report_mb=report_mb,
        many_names={
            "seconds": {"median": statistics.median(many_s), "min": min(many_s), "max": max(many_s)},
            "peak_mb": max(many_mb),
            "time_ratio": times,
            "memory_ratio": memory_ratio,
        },
    )


if __name__ == "__main__":
    main()
