"""Texts of perfkit.toml to put together, and short ways to read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perfkit import config
from perfkit.errors import ConfigError
from perfkit.model import Config

METRICS = {
    "latency.avg_ms": "mean response time",
    "latency.p90_ms": "90th percentile",
    "latency.p95_ms": "95th percentile",
    "errors.ratio": "failed requests",
    "memory.growth_bytes": "growth of the target",
    "system.load1": "load",
}
TARGET = '[target]\nurl = "http://127.0.0.1:8000"\n'
SCENARIO = '[scenario]\nfile = "locustfile.py"\n'
PHASE = '[[phase]]\nname = "concurrent"\nduration = "30s"\n'
SINGLE = '[[phase]]\nname = "single"\niterations = 3\n'
SHEET = """[[sheet]]
title = "T"
columns = ["Avg", "Concurrent"]
cells = ["latency.avg{single}", "latency.avg{concurrent}"]
"""
ROW = '[[sheet.row]]\nname = "Dashboard, Metrics"\n'
METRIC_SHEET = '[[sheet]]\ntitle = "M"\nheader = "Metric"\n'
SECRET = "hunter2"  # the password in every made-up address


def read(folder: Path, *parts: str, **given: Any) -> Config:
    return config.from_text("".join(parts), folder / "perfkit.toml", metrics=METRICS, **given)


def problems(folder: Path, *parts: str) -> list[str]:
    """The problems of a text, without the file's name in front of them."""
    with pytest.raises(ConfigError) as failed:
        read(folder, *parts)
    return [problem.removeprefix(f"{folder / 'perfkit.toml'}:") for problem in failed.value.problems]


def problem(folder: Path, *parts: str) -> str:
    found = problems(folder, *parts)
    assert len(found) == 1, found
    return found[0]
