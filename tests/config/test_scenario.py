"""[scenario]: one file or several, folders, what Locust is told, and what only perfkit tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit import config
from perfkit.errors import ConfigError
from perfkit.model import OwnShape, Phase
from tests.config.suites import PHASE, SINGLE, TARGET, problem, read


@pytest.fixture
def many(folder: Path) -> Path:
    """Beside the locustfile.py a second one and a folder of them."""
    (folder / "admin.py").write_text("")
    (folder / "users").mkdir()
    (folder / "users" / "clerk.py").write_text("")
    (folder / "users" / "_hidden.py").write_text("")
    (folder / "empty").mkdir()
    (folder / "empty" / "_hidden.py").write_text("")
    (folder / "a,b.py").write_text("")
    (folder / "notes.txt").write_text("")
    return folder


def test_several_files_and_folders_are_read_in_their_order_and_written_again(many: Path) -> None:
    text = '[scenario]\nfiles = ["admin.py", "users", "locustfile.py"]\nlean = true\nworkers = 3\n'
    suite = read(many, TARGET, text, PHASE)
    assert suite.scenario.files == (many / "admin.py", many / "users", many / "locustfile.py")
    assert suite.scenario.is_lean
    assert suite.scenario.workers.local == 3
    assert config.effective(suite)["scenario"]["files"] == ["admin.py", "users", "locustfile.py"]
    assert read(many, config.to_toml(suite)) == suite
    both = '[scenario]\nfile = "admin.py"\nfiles = ["users", "locustfile.py"]\nlean = true\nworkers = 3\n'
    assert read(many, TARGET, both, PHASE) == suite


def test_a_run_of_before_there_were_several_files_reads_back() -> None:
    old = {
        "name": "x",
        "target": {"url": "http://h"},
        "scenario": {"file": "gone.py", "arguments": []},
        "phase": [{"name": "a", "duration": "1s"}],
    }
    scenario = config.restore(old, metrics={}).scenario
    assert (scenario.files, scenario.is_lean) == ((Path("gone.py"),), False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'file' is missing"),
        ("files = []", "'file' is missing"),
        ('files = ["admin.py", "lost.py"]', "'lost.py' does not exist"),
        ('files = ["empty"]', "is a folder without a Locust file"),
        ('file = "notes.txt"', "does not end with .py"),
        ('file = "a,b.py"', "has a comma in its path"),
        ('file = "admin.py"\nlean = "yes"', "true or false"),
        ('file = "admin.py"\narguments = ["-u", "5"]', "-u is not for Locust here: say `users` of the phase"),
        ('file = "admin.py"\narguments = ["--run-time=3m"]', "--run-time=3m is not for Locust here: say `duration`"),
    ],
)
def test_mistakes_of_a_scenario(many: Path, text: str, said: str) -> None:
    assert said in problem(many, TARGET, "[scenario]\n", text, "\n", PHASE)


def test_a_locust_file_alone_leaves_its_load_to_its_own_shape(many: Path) -> None:
    """Unless users or a rate are given; a duration is a cap."""
    url = "http://h"
    file = many / "admin.py"
    assert config.without_file(file, url).phases[0].shape == OwnShape()
    capped = config.without_file(file, url, duration="1m", warmup="5s")
    assert capped.phases == (Phase("load", users=10, duration_s=60.0, warmup_s=5.0, shape=OwnShape(60.0, 5.0)),)
    assert config.without_file(file, url, users=3).phases[0].shape is None
    assert config.without_file(file, url, rate="3/s").phases[0].shape is None
    suite = config.without_file([file, many / "users"], url, is_lean=True)
    assert (suite.scenario.more_files, suite.scenario.is_lean) == ((many / "users",), True)


def test_a_phase_may_be_left_to_a_shape(folder: Path) -> None:
    """It needs no duration of its own, reads back as it was, and is shortened with the others."""
    shaped = '[[phase]]\nname = "own"\nshape = { limit = "10m", warmup = "5s" }\n'
    suite = read(folder, TARGET, '[scenario]\nfile = "locustfile.py"\n', shaped)
    assert suite.phases == (Phase("own", shape=OwnShape(600.0, 5.0)),)
    assert read(folder, config.to_toml(suite)) == suite
    assert config.quick(suite).phases[0].shape == OwnShape(8.0, 2.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("iterations = 3\nshape = {}", "does not go with shape"),
        ('rate = "3/s"\nduration = "1s"\nshape = {}', "does not go with shape"),
        ('shape = { limit = "5s", warmup = "5s" }', "not shorter than the limit"),
        ('shape = { limt = "5s" }', "did you mean 'limit'?"),
    ],
)
def test_mistakes_of_a_shape(folder: Path, text: str, said: str) -> None:
    phase = f'[[phase]]\nname = "own"\n{text}\n'
    assert said in problem(folder, TARGET, '[scenario]\nfile = "locustfile.py"\n', phase, SINGLE)


def test_what_is_wrong_after_the_dashes_is_said_to_be_there(folder: Path) -> None:
    with pytest.raises(ConfigError) as failed:
        config.without_file(folder / "locustfile.py", "http://h", arguments=("--tags", "x", "-u", "5"))
    (said,) = failed.value.problems
    assert said.startswith("command line: after --: -u is not for Locust here: say `users` of the phase, or --users")
