"""Locust's own statistics stay small however many names there are, and lose no request."""

from __future__ import annotations

import json
from pathlib import Path

from perfkit.endpoints import OTHER
from perfkit.load.engine import run_phase
from perfkit.model import Phase, Scenario
from perfkit.patterns import MOST_NAMES
from tests.load import scenarios

SCENARIO = """
import json
from locust import User, constant, events, task

class Teller(User):
    wait_time = constant(1)

    @task
    def tell(self):
        for number in [*range(2000), 0]:
            self.environment.events.request.fire(
                request_type="GET", name=f"/orders/{{number}}", response_time=10, response_length=100,
                exception=ValueError(f"404 for /orders/{{number}}"),
            )

@events.quitting.add_listener
def leave(environment, **_):
    stats = environment.stats
    errors = {{str(error.error): error.occurrences for error in stats.errors.values()}}
    counts = {{name: entry.num_requests for (name, _), entry in stats.entries.items()}}
    with open("{out}", "w") as file:
        json.dump([stats.total.num_requests, counts, errors], file)
"""


def test_names_and_errors_beyond_the_limit_are_counted_together(tmp_path: Path) -> None:
    """Those that were there first keep their own entries; an error's text may hold the address, and counts as one."""
    out = tmp_path / "out.json"
    file = scenarios.write(tmp_path, SCENARIO.format(out=out))
    run_phase(Phase("load", iterations=1), Scenario(file), "http://127.0.0.1:1", tmp_path, lambda _: None)
    total, counts, errors = json.loads(out.read_text())
    assert total == sum(counts.values()) == sum(errors.values()) == 2001
    assert (counts["/orders/0"], counts[OTHER]) == (2, 2000 - MOST_NAMES)
    assert errors["404 for /orders/0"] == 2
    assert len(counts) == MOST_NAMES + 1
    assert len(errors) <= MOST_NAMES + 2
