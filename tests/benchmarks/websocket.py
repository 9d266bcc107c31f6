"""WebSocket users on one core, the echo server on the other: 1,000 connections that ask as fast as they are answered.

Bar: 1,000 connections open at once without an error. The server is Python too, so it, not the user, may bound the
messages; the CPU time a message tells what the user costs. Run: python -m tests.benchmarks.websocket [connections]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from perfkit.load.children import RECORDER
from perfkit.load.orders import VARIABLE, Orders, Status
from perfkit.load.words import from_line
from perfkit.model import Request
from perfkit.recorded.rows import read_rows
from tests.benchmarks import bounds
from tests.benchmarks.nginx import on_core
from tests.benchmarks.pairs import publish
from tests.load.child.websocket_server import a_websocket_server

CONNECTIONS = 1000
SECONDS = 10.0
WARMUP_S = 4.0
WAIT_S = 0.2
LIMIT_S = 180

SCENARIO = """
import resource, time
from pathlib import Path
import gevent, psutil
from locust import constant, events, task
from perfkit.load import WebSocketUser

class Clerk(WebSocketUser):
    wait_time = constant({wait_s})

    def on_start(self):
        self.connect("/echo", name="Desk")

    @task
    def price(self):
        self.request({{"method": "price", "item": 17}}, name="Price")

@events.init.add_listener
def before(**_):
    Path("{folder}/before").write_text(str(psutil.Process().memory_info().rss))

@events.test_stopping.add_listener
def after(**_):
    Path("{folder}/after").write_text(str(psutil.Process().memory_info().rss))
"""


def run(folder: Path, port: int, connections: int) -> list[Status]:
    """The child's words."""
    scenario = folder / "clerks.py"
    scenario.write_text(SCENARIO.format(wait_s=WAIT_S, folder=folder))
    reader, writer = os.pipe()
    shard = str(folder / "{pid}.arrow")
    orders = Orders("bench", shard, writer, os.getpid(), connections, WARMUP_S, WARMUP_S + SECONDS, None, 2.0)
    argv = [*on_core(0), sys.executable, "-m", "locust", "-f", f"{scenario},{RECORDER}", "--headless", "--only-summary"]
    argv += ["--host", f"http://127.0.0.1:{port}", "--users", str(connections), "--spawn-rate", str(connections)]
    with bounds.started(
        argv,
        env=os.environ | {VARIABLE: orders.to_json()},
        stdout=(folder / "log").open("w"),
        stderr=subprocess.STDOUT,
        pass_fds=(writer,),
    ) as child:
        os.close(writer)
        with os.fdopen(reader) as lines:
            told = [word for line in lines if isinstance(word := from_line(line), Status)]
        child.wait()
    if child.returncode or len(told) < 4:
        raise SystemExit((folder / "log").read_text()[-3000:])
    return told


def main() -> None:
    connections = int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS
    with tempfile.TemporaryDirectory() as name, a_websocket_server(prefix=tuple(on_core(-1))) as port:
        folder = Path(name)
        last = run(folder, port, connections)[-1]
        rows = read_rows(sorted(folder.glob("*.arrow")), Request).to_pandas()
        grown = int((folder / "after").read_text()) - int((folder / "before").read_text())
    opened = rows[rows["endpoint"] == "WS connect Desk"]
    connect_ms = opened["service_s"] * 1e3
    asked = rows[(rows["endpoint"] == "WS request Price") & ~rows["is_warmup"]]
    rate = len(asked) / (last.ended_at - last.measured_at)
    publish(
        "WebSocket users on one core",
        f"{CONNECTIONS} connections, no error",
        bool(len(opened) >= CONNECTIONS and last.errors == 0 and last.scenario_exceptions == 0),
        connections=int(opened["error"].isna().sum()),
        errors=last.errors,
        connect_ms={"p50": round(connect_ms.median(), 1), "max": round(connect_ms.max(), 1)},
        requests_per_s=round(rate),
        messages_per_s=round(2 * rate),
        generator_cpu_ratio=round(last.generator_cpu_ratio, 3),
        cpu_us_per_message=round(last.generator_cpu_ratio / (2 * rate) * 1e6, 1),
        p50_ms=round(asked["service_s"].median() * 1e3, 2),
        p95_ms=round(asked["service_s"].quantile(0.95) * 1e3, 2),
        kb_per_user=round(grown / connections / 1024, 1),
    )


if __name__ == "__main__":
    bounds.run(main, LIMIT_S)
