"""A suite without a file, and a suite shortened."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit import config
from perfkit.errors import ConfigError
from perfkit.model import OwnShape, Phase
from tests.config.suites import SCENARIO, SINGLE, TARGET, read


def test_a_locust_file_alone_gets_one_phase(folder: Path) -> None:
    """Ten users, 30 s, of which the first 3 s are warm-up, if the file has no shape of its own."""
    suite = config.without_file(folder / "locustfile.py", "http://127.0.0.1:8000", arguments=("--tags", "x"))
    assert suite.phases == (Phase("load", users=10, duration_s=30.0, warmup_s=3.0, shape=OwnShape()),)
    assert (suite.scenario.file, suite.scenario.arguments) == (folder / "locustfile.py", ("--tags", "x"))
    assert (suite.target.url, suite.expectations, suite.file) == ("http://127.0.0.1:8000", (), None)


def test_a_locust_file_alone_is_looked_for_in_the_folder_where_one_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    suite = config.without_file(Path("locustfile.py"), "http://h", users=3, duration="5s", warmup="1s")
    assert suite.scenario.file == folder / "locustfile.py"
    assert suite.phases == (Phase("load", users=3, duration_s=5.0, warmup_s=1.0),)


def test_all_mistakes_of_the_command_line_are_said_at_once(folder: Path) -> None:
    with pytest.raises(ConfigError) as failed:
        config.without_file(folder / "lost.py", "127.0.0.1", users=0, duration="5", warmup="1x")
    said = [problem.split(": ")[:2] for problem in failed.value.problems]
    options = ["--users", "--duration", "--warmup", "--host", "Locust file"]
    assert sorted(said) == sorted(["command line", option] for option in options)


def test_a_shortened_suite_keeps_what_is_shorter_already(folder: Path) -> None:
    """And a phase that only warms up goes on doing only that."""
    suite = read(
        folder,
        TARGET,
        SCENARIO,
        '[[phase]]\nname = "heat"\nusers = 50\nduration = "10s"\nwarmup = "10s"\n',
        '[[phase]]\nname = "long"\nusers = 50\nduration = "1m"\nwarmup = "10s"\ndrain = "1m"\n',
        '[[phase]]\nname = "short"\nusers = 2\nduration = "3s"\nwarmup = "1s"\ndrain = "1s"\n',
        '[[phase]]\nname = "counted"\niterations = 20\n',
    )
    assert config.quick(suite).phases == (
        Phase("heat", users=10, duration_s=2.0, warmup_s=2.0),
        Phase("long", users=10, duration_s=8.0, warmup_s=2.0, drain_s=15.0),
        Phase("short", users=2, duration_s=3.0, warmup_s=1.0, drain_s=1.0),
        Phase("counted", users=1, iterations=3),
    )


def test_a_window_longer_than_a_shortened_phase_shrinks_and_says_so(folder: Path) -> None:
    text = '[[expect]]\nthat = "latency.p90{wait for 30s, single} < 1s for 1m 30s optional"\n'
    (asked,) = config.quick(read(folder, TARGET, SCENARIO, SINGLE, text)).expectations
    assert asked.that == "latency.p90{wait for 30s, single} < 1s for 5s optional"
    assert asked.window_s == 5.0
