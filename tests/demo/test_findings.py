"""The sample ERP is the ground truth: a defect alone is the first finding, and where all are mended there is none.

Three of the configurations of `tests.benchmarks.findings`, shorter. It measures shares of times, so alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfkit.demo.services import Services
from tests.benchmarks.findings import CONFIGURATIONS, FIXED, findings_with, prepared, suite, verdict


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with prepared() as services:
        yield services


@pytest.mark.alone
@pytest.mark.timeout(200)
@pytest.mark.parametrize("name", ["n_plus_one", "fields", FIXED])
def test_each_defect_is_found_and_nothing_else(name: str, services: Services, tmp_path: Path) -> None:
    short = suite(users=15, seconds=5, rounds=2)
    told = verdict(CONFIGURATIONS[name], findings_with(CONFIGURATIONS[name], services, tmp_path / "run", short))
    assert told["outcome"] == ({} if name == FIXED else {name: "found"})
    assert told["others"] == []
