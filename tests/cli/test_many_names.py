"""A scenario that gives each address a name of its own is told as patterns, and the count is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perfkit.model import Request
from perfkit.recorded.rows import read_rows
from tests.cli.perfkit import perfkit
from tests.load import scenarios
from tests.servers import a_server

MANY = """
import itertools
from locust import {user}, constant, task
from perfkit.load import HttpUser as Lean

numbers = itertools.count()

class Reader({base}):
    @task
    def read(self):
        for _ in range(100):
            number = next(numbers)
            self.client.get(f"/orders/{{number}}?page={{number}}")
            self.client.get(f"/missing/{{number}}/of/f{{number:031x}}")

    @task
    def home(self):
        self.client.get("/", name="Home 24")
"""
SUITE = """
[target]
url = "{url}"
[scenario]
file = "locustfile.py"
[[phase]]
name = "load"
users = 12
iterations = 1
"""


@pytest.mark.parametrize(("user", "base"), [("HttpUser", "Lean"), ("FastHttpUser", "FastHttpUser")])
def test_thousands_of_addresses_are_few_patterns(tmp_path: Path, user: str, base: str) -> None:
    """In the note, on the terminal and in the report; on disk each row keeps its own; Locust's log stays short."""
    scenarios.write(tmp_path, MANY.format(user=user, base=base))
    with a_server(lambda path: (404 if "missing" in path else 200, {}, b"{}"), delay_s=0.01) as url:
        (tmp_path / "perfkit.toml").write_text(SUITE.format(url=url))
        done = perfkit("bench", at=tmp_path)
    assert done.code in {0, 6}, done.err  # 6: the machine was too busy for a measurement, and the names are told
    report = tmp_path / done.out.splitlines()[-1]
    told = json.loads((report.parent / "metrics.json").read_text())
    endpoints = {metric["scope"].get("endpoint") for metric in told["metrics"]} - {None}
    assert endpoints == {"/orders/{id}?page={any}", "/missing/{id}/of/{hash}", "Home 24"}
    rows = read_rows((report.parent / "requests").glob("*.arrow"), Request).to_pandas()
    distinct = rows["endpoint"].nunique()
    assert distinct == 12 * 200 + 1
    note = f"{distinct:,} distinct names were folded into 3 patterns; give name="
    for text in (
        "\n".join(told["run"]["notes"]),
        done.out,
        report.read_text(),
        (report.parent / "report.md").read_text(),
    ):
        assert note in text
    assert (report.parent / "locust.log").read_text().count("\n") < 2_500
