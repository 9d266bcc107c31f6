"""What recording costs: FastHttpUser with and without the recorder, one core for Locust and one for nginx.

Bar: ≤ 10 % of the throughput. Needs nginx on PATH. Run: python -m tests.benchmarks.recorder
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from perfkit.load.engine import RECORDER
from perfkit.load.orders import VARIABLE, Orders
from tests.benchmarks.pairs import alternate, publish, ratios

ROUNDS = 5
SECONDS = 6
USERS = 50
BAR = 0.90

SCENARIO = """
from locust import FastHttpUser, constant, task

class Visitor(FastHttpUser):
    wait_time = constant(0)

    @task
    def page(self):
        self.client.get("/page", name="Page")
"""

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{body}'; }} }}
}}
"""
BODY = json.dumps({"items": list(range(20)), "note": "about one hundred bytes"})


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """nginx on the last core, with one worker, on a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, body=BODY))
    with subprocess.Popen([*_on_core(-1), "nginx", "-c", str(config)], stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _on_core(position: int) -> list[str]:
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[position])]


def _wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit("nginx does not listen")


def requests_per_s(folder: Path, url: str, *, is_recorded: bool) -> float:
    """Requests per second that Locust counted."""
    scenario = folder / "locustfile.py"
    scenario.write_text(SCENARIO)
    files = f"{scenario},{RECORDER}" if is_recorded else str(scenario)
    argv = [*_on_core(0), sys.executable, "-m", "locust", "-f", files, "--headless", "--host", url, "--json"]
    argv += ["--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{SECONDS}s", "--only-summary"]
    reader, writer = os.pipe()
    orders = Orders("bench", str(folder / "{pid}.arrow"), writer, os.getpid(), USERS, 0.0, None, None, 0.0)
    done = subprocess.run(
        argv,
        env=os.environ | {VARIABLE: orders.to_json()},
        capture_output=True,
        pass_fds=(writer,),
        check=True,
    )
    os.close(reader)
    os.close(writer)
    (entry,) = json.loads(done.stdout)
    count, began, ended = entry["num_requests"], entry["start_time"], entry["last_request_timestamp"]
    return float(count / (ended - began))


def main() -> None:
    if shutil.which("nginx") is None:
        raise SystemExit("nginx is not on PATH: install Debian's nginx-light")
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
    main()
