"""A scenario that cannot be run is explained in one sentence with its place and a way out, by a real Locust child."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.errors import ScenarioError
from perfkit.load import failure
from perfkit.load.engine import list_users, run_phase
from perfkit.model import OwnShape, Phase, Scenario
from tests.load import scenarios

PLAIN = """
from locust import FastHttpUser, events, tag, task

class Shopper(FastHttpUser):
    @tag("a")
    @task
    def look(self):
        self.client.get("/")
"""
OPTION = """
@events.init_command_line_parser.add_listener
def _(parser):
    parser.add_argument("--stage", choices=["test", "live"], required=True)
"""
AT_INIT = "@events.init.add_listener\ndef _(environment, **_):\n    raise ValueError('no data')\n"
ODD_NAME = "class LoginFailed(Exception):\n    pass\nraise LoginFailed('at once')\n"
SINGLE = "from locust import run_single_user\nrun_single_user(Shopper)\n"
ONCE = Phase("single", users=1, iterations=1)
SHAPED = Phase("own", shape=OwnShape())


@pytest.mark.parametrize(
    ("text", "arguments", "phase", "said", "way_out"),
    [
        ("from locust import task\n\0", (), ONCE, "locustfile.py is no Python source: source code string", "mend"),
        ("import sys\nsys.exit(3)\n", (), ONCE, "line 2: sys.exit(3) is called while the file is loaded", "exception"),
        (PLAIN + SINGLE, (), ONCE, "line 10: run_single_user is called while the file is loaded", "__main__"),
        (PLAIN + AT_INIT, (), ONCE, "line 11: ValueError: no data", "mend"),
        (PLAIN + ODD_NAME, (), ONCE, "line 11: LoginFailed: at once", "mend"),
        ("from .pages import Home\n", (), ONCE, "line 1: ImportError: attempted relative import", "by its name"),
        (PLAIN + OPTION, (), ONCE, "the following arguments are required: --stage", "after --"),
        (PLAIN + OPTION, ("--stage", "x"), ONCE, "argument --stage: invalid choice: 'x'", "after --"),
        (PLAIN, ("--tgas", "a"), ONCE, "unrecognized arguments: --tgas Did you mean '--tags'?", "after --"),
        (PLAIN, ("--tags", "b"), ONCE, "no task is left by the tags: --tags b", "name a tag"),
        (PLAIN, ("Buyer",), ONCE, "Unknown User(s): Buyer", "locust.log"),
        (PLAIN, (), SHAPED, "phase own has no duration, and the scenario no LoadTestShape", "give the phase users"),
    ],
)
def test_what_keeps_a_load_from_beginning(
    tmp_path: Path, text: str, arguments: tuple[str, ...], phase: Phase, said: str, way_out: str
) -> None:
    scenario = Scenario(scenarios.write(tmp_path, text), arguments)
    with pytest.raises(ScenarioError) as caught:
        run_phase(phase, scenario, "http://127.0.0.1:1", tmp_path, on_status=lambda status: None)
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert way_out in caught.value.hint


def test_arguments_are_looked_at_before_any_load(tmp_path: Path) -> None:
    """By check-setup, which lists the users only."""
    scenario = Scenario(scenarios.write(tmp_path, PLAIN + OPTION))
    with pytest.raises(ScenarioError, match="required: --stage"):
        list_users(scenario)


def test_two_classes_of_one_name_are_named_with_their_files(tmp_path: Path) -> None:
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    for file in (first, second):
        file.write_text(PLAIN)
    with pytest.raises(ScenarioError, match=r"Shopper is defined in both .*first\.py and .*second\.py"):
        list_users(Scenario(first, more_files=(second,)))


def test_a_module_that_is_no_python_source_is_placed_where_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "pages.py").write_bytes(b"\0")
    scenario = Scenario(scenarios.write(tmp_path, "import pages\n"))
    with pytest.raises(ScenarioError, match=r"locustfile\.py, line 1: SyntaxError: source code string"):
        list_users(scenario)


@pytest.mark.parametrize(
    ("code", "has_begun", "said"),
    [
        (-9, True, "Locust was killed (SIGKILL) during the load"),
        (-10, False, "Locust was killed (SIGUSR1) before the load began"),
        (-60, False, "Locust was killed (signal 60) before the load began"),
        (3, True, "Locust ended with code 3 during the load"),
    ],
)
def test_how_and_when_a_child_ended(code: int, has_begun: bool, said: str) -> None:
    """What it logged before it was killed is not why."""
    log = 'Traceback (most recent call last):\n  File "/a.py", line 7, in f\n    g()\nKeyError\n' if code < 0 else ""
    assert failure.explain(log, (Path("locustfile.py"),), code, has_begun=has_begun).message == said


def test_a_failure_outside_the_scenario_is_placed_where_it_is(tmp_path: Path) -> None:
    log = 'Traceback (most recent call last):\n  File "/lib/other.py", line 7, in f\n    g()\nKeyError\n'
    error = failure.explain(log, (tmp_path / "locustfile.py",), 1, has_begun=False)
    assert error.message == "/lib/other.py, line 7: KeyError"


def test_what_a_scenario_raises_is_told_once_for_each_place(tmp_path: Path) -> None:
    """With file and line of the scenario, not of the library that it called; the count is of all."""
    text = PLAIN + "    def on_start(self):\n        import json\n        json.loads('no')\n"
    scenario = Scenario(scenarios.write(tmp_path, text))
    phase = Phase("load", users=3, duration_s=1.2)
    run = run_phase(phase, scenario, "http://127.0.0.1:1", tmp_path, on_status=lambda status: None)
    assert run.mark.scenario_exceptions == 3
    said = "JSONDecodeError: Expecting value: line 1 column 1 (char 0) (locustfile.py, line 11)"
    assert run.end.notes == [f"phase load: the scenario raised {said}"]
