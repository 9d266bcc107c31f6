"""A config written out again."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from perfkit import config
from perfkit.model import Config, Database, Expectation, Heap, Phase, Sampling, Scenario, Target, Tolerance
from tests.config.suites import METRIC_SHEET, METRICS, PHASE, ROW, SCENARIO, SHEET, SINGLE, TARGET, read

EVERYTHING = (
    'name = "erp \\"x\\" \\u007f é"\n[target]\nurl = "http://localhost:{port}"\nstart = ["serve", "{port}"]\n',
    'watch = ["pid:1"]\nallow_hosts = ["h"]\nheap = { url = "/h", used = "/u" }\n[database]\ndsn_env = "X"\n',
    SCENARIO,
    '[sampling]\nperiod = "1us"\n',
    PHASE,
    SINGLE,
    '[[expect]]\nthat = "latency.p95{*, single} < 1s for 10s optional"\npriority = "high"\n',
    SHEET,
    ROW,
    'documented = ["586ms", ""]\ntarget = ["< 0.1s", ""]\npriority = "critical"\nadvisory = true\n',
    METRIC_SHEET,
    ROW,
    'metric = "memory.growth"\ntarget = "<2MB"\nmilestone = "Month 1"\n',
)


def test_what_is_written_reads_as_an_equal_config(folder: Path) -> None:
    """Sheets, windows and every default included."""
    suite = read(folder, *EVERYTHING)
    assert read(folder, config.to_toml(suite)) == suite


def test_a_shortened_suite_reads_back_too(folder: Path) -> None:
    """The text of a target says what its window became."""
    suite = config.quick(read(folder, *EVERYTHING))
    assert read(folder, config.to_toml(suite)) == suite


def test_the_dict_and_the_toml_say_the_same(folder: Path) -> None:
    """And the dict is JSON as it is."""
    suite = read(folder, *EVERYTHING)
    assert tomllib.loads(config.to_toml(suite)) == config.effective(suite)
    assert json.loads(json.dumps(config.effective(suite))) == config.effective(suite)


def test_the_scenario_beside_the_file_is_written_without_the_machines_path(folder: Path) -> None:
    suite = read(folder, TARGET, SCENARIO, PHASE)
    assert str(folder) not in config.to_toml(suite)


def test_passwords_in_commands_are_masked(folder: Path) -> None:
    """In an address, after an option, in a setting."""
    start = '"x", "--db", "postgresql://u:hunter2@h/db", "--api-token", "hunter2", "PASSWORD=hunter2"'
    suite = read(folder, TARGET, f"start = [{start}]\n", SCENARIO, PHASE)
    assert "hunter2" in suite.target.start
    assert "hunter2" not in config.to_toml(suite)


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(str.strip)
POSITIVE = st.floats(1e-9, 3e7)


@given(TEXTS, POSITIVE, POSITIVE, st.integers(1, 10**9), st.none() | st.integers(1, 10**9))
def test_any_text_and_any_number_survives(
    name: str, seconds: float, ratio: float, users: int, iterations: int | None
) -> None:
    """Control characters, quotes, very long and very short times: to the last digit or nearly."""
    suite = Config(
        target=Target("http://h", heap=Heap("/", f"/{name}", None)),
        scenario=Scenario(Path(__file__).absolute(), (name,)),
        phases=(Phase("p", users, iterations, seconds, 0.0, seconds),),
        database=Database("X", "log", seconds, users, seconds),
        sampling=Sampling(seconds, seconds),
        tolerance=Tolerance(ratio, seconds),
        expectations=(Expectation("errors.ratio < 1", "errors.ratio", {}, "<", 1.0, documented=name),),
        name=name,
        file=Path(__file__).absolute(),
    )
    again = config.from_text(config.to_toml(suite), Path(__file__).absolute(), metrics=METRICS)
    masked = again.scenario.arguments
    assert replace(again, scenario=replace(again.scenario, arguments=(name,))) == suite
    assert masked in ((name,), ("***",)) or "***" in masked[0]
