"""What recording costs: FastHttpUser with and without the recorder, one core for Locust and one for nginx.

Bar: ≤ 10 % of the throughput. Needs nginx on PATH. Run: python -m tests.benchmarks.recorder
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from perfkit.load.children import RECORDER
from perfkit.load.orders import VARIABLE, Orders
from tests.benchmarks import bounds
from tests.benchmarks.nginx import nginx, on_core
from tests.benchmarks.pairs import alternate, publish, ratios

ROUNDS = 5
SECONDS = 6
USERS = 50
BAR = 0.90
LIMIT_S = 600

SCENARIO = """
from locust import FastHttpUser, constant, task

class Visitor(FastHttpUser):
    wait_time = constant(0)

    @task
    def page(self):
        self.client.get("/page", name="Page")
"""


def requests_per_s(folder: Path, url: str, *, is_recorded: bool) -> float:
    """Requests per second that Locust counted."""
    scenario = folder / "locustfile.py"
    scenario.write_text(SCENARIO)
    files = f"{scenario},{RECORDER}" if is_recorded else str(scenario)
    argv = [*on_core(0), sys.executable, "-m", "locust", "-f", files, "--headless", "--host", url, "--json"]
    argv += ["--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{SECONDS}s", "--only-summary"]
    reader, writer = os.pipe()
    orders = Orders("bench", str(folder / "{pid}.arrow"), writer, os.getpid(), USERS, 0.0, float(SECONDS), None, 0.0)
    done = subprocess.run(
        argv,
        env=os.environ | {VARIABLE: orders.to_json()},
        capture_output=True,
        pass_fds=(writer,),
        timeout=SECONDS + 60,
        check=True,
    )
    os.close(reader)
    os.close(writer)
    (entry,) = json.loads(done.stdout)
    count, began, ended = entry["num_requests"], entry["start_time"], entry["last_request_timestamp"]
    return float(count / (ended - began))


def main() -> None:
    with tempfile.TemporaryDirectory() as name, nginx(Path(name)) as url:
        folder = Path(name)
        readings = alternate(
            {
                "recorded": lambda: requests_per_s(folder, url, is_recorded=True),
                "plain": lambda: requests_per_s(folder, url, is_recorded=False),
            },
            ROUNDS,
        )
    ratio = ratios(readings["recorded"], readings["plain"])
    medians = {name: statistics.median(values) for name, values in readings.items()}
    publish("FastHttpUser recorded / plain", f"≥ {BAR}", ratio["median"] >= BAR, ratio=ratio, requests_per_s=medians)


if __name__ == "__main__":
    bounds.run(main, LIMIT_S)
