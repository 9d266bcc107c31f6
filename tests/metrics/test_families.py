"""The table of families: complete, named by one grammar, and cheap to ask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from perfkit import metrics, units
from tests.builders import a_request, a_run, a_sample
from tests.metrics.figures import a_run_of_everything

OTHERS = {"__init__", "growth", "measured", "facts", "timeline", "distribution"}


def test_every_family_is_in_the_table() -> None:
    files = {path.stem for path in Path(metrics.__file__).parent.glob("*.py")}
    assert files - OTHERS == set(metrics.FAMILIES)


def test_no_two_metrics_share_a_name_without_the_unit() -> None:
    """As that is how people write them."""
    stems = [units.stem_of(name) for name in metrics.names()]
    assert len(set(stems)) == len(stems)


def test_no_two_families_share_a_name() -> None:
    assert sum(len(family.NAMES) for family in metrics.FAMILIES.values()) == len(metrics.names())


def test_every_computed_metric_is_a_named_one_and_every_name_is_computed() -> None:
    assert {metric.name for metric in metrics.compute(a_run_of_everything())} == set(metrics.names())


def test_no_metric_is_given_twice() -> None:
    run = a_run([a_request("A"), a_request("B", error="timeout")], [a_sample("cpu_ratio", 1.0, at=1)])
    keys = [(metric.name, metric.scope) for metric in metrics.compute(run)]
    assert len(set(keys)) == len(keys)


def test_asking_for_the_names_loads_neither_pandas_nor_numpy() -> None:
    code = "import sys, perfkit.metrics as m; m.names(); print({'pandas', 'numpy'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
