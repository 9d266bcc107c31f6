"""Small Locust files for tests, written where a test wants them."""

from __future__ import annotations

from pathlib import Path

FAST = """
from locust import FastHttpUser, constant, task

class Shopper(FastHttpUser):
    wait_time = constant(0)

    @task(9)
    def often(self):
        self.client.get("/often", name="Often")

    @task(1)
    def rarely(self):
        self.client.get("/rarely", name="Rarely")
"""

REQUESTS = FAST.replace("FastHttpUser", "HttpUser")


def write(folder: Path, text: str) -> Path:
    """A Locust file with this text."""
    file = folder / "locustfile.py"
    file.write_text(text)
    return file
