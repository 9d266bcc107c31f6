"""The load child is small and seldom stands still, and a scenario may use pandas and pyarrow all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from perfkit.load.engine import run_phase
from perfkit.model import Phase, Scenario
from tests.servers import a_server

ROOT = Path(__file__).parents[3]
SCENARIO = """
import gc, sys
from locust import constant, events, task
from perfkit.load import HttpUser

class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task
    def page(self):
        self.client.get("/")

@events.test_stopping.add_listener
def tell(**_):
    print("pandas is there:", "pandas" in sys.modules, "collected after:", gc.get_threshold()[0], flush=True)
"""
BESIDE = """
import importlib, sys
from perfkit.recorded import rows

assert "pandas" not in sys.modules
import pyarrow as pa
import pandas as pd

table = pa.Table.from_pandas(pd.DataFrame({"price": [1.5, None]}))
assert table.column("price").null_count == 1
assert table.to_pandas()["price"].tolist()[0] == 1.5
importlib.reload(rows)
"""


def test_the_child_imports_no_pandas_and_collects_seldom(tmp_path: Path) -> None:
    scenario = tmp_path / "locustfile.py"
    scenario.write_text(SCENARIO)
    with a_server(delay_s=0.01) as url:
        run_phase(Phase("load", users=1, duration_s=0.5), Scenario(scenario), url, tmp_path, lambda _: None)
    assert "pandas is there: False collected after: 10000" in (tmp_path / "locust.log").read_text()


def test_a_scenario_may_use_pandas_with_pyarrow() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-W", "error", "-c", BESIDE]
    assert subprocess.run(argv, cwd=ROOT, env=environment, check=False, timeout=60).returncode == 0
