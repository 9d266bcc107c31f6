"""Turns the log of a Locust child that failed into one sentence with a place and a way out. Knows texts only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from perfkit.errors import ScenarioError

_FRAME: Final = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')
_ERROR: Final = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*(?:Error|Exception|Exit)): ?(?P<text>.*)$", re.MULTILINE)
_OLD_STYLE: Final = re.compile(r"class has been renamed to \w*User")
# Without a User class Locust looks for pytest functions; a failure in there means that there was neither.
_NO_USER: Final = ("load_locustfile_pytest", "No User class found", "No tasks defined")


def explain(log: str, scenario: Path, code: int | None, *, has_begun: bool) -> ScenarioError:
    """The error for a child that ended with `code`; `has_begun` says whether its load had started."""
    if _OLD_STYLE.search(log):
        return ScenarioError(
            f"{scenario} is written for Locust before 1.0 (HttpLocust)",
            hint="derive the class from HttpUser, rename task_set to tasks = [...], and give wait_time = between(...)",
        )
    if any(sign in log for sign in _NO_USER):
        return ScenarioError(
            f"{scenario} has no Locust User class with tasks",
            hint="derive a class from locust.HttpUser or FastHttpUser and mark its methods with @task",
        )
    if "Could not find" in log and "locustfile" in log:
        return ScenarioError(f"{scenario} does not exist", hint="name a Locust file, or set scenario.file")
    if "unrecognized arguments" in log:
        line = next(line for line in log.splitlines() if "unrecognized arguments" in line)
        return ScenarioError(f"Locust does not know {line.split('unrecognized arguments:')[1].strip()}")
    if errors := list(_ERROR.finditer(log)):
        return _from_traceback(log, scenario, errors[-1])
    doing = "during the load" if has_begun else "before the load began"
    return ScenarioError(f"Locust ended with code {code} {doing}", hint="see locust.log in the run folder")


def _from_traceback(log: str, scenario: Path, error: re.Match[str]) -> ScenarioError:
    frames = list(_FRAME.finditer(log, 0, error.start()))
    here = str(scenario.parent.resolve())
    own = [frame for frame in frames if str(Path(frame["file"]).resolve()).startswith(here)]
    place = f"{own[-1]['file']}, line {own[-1]['line']}" if own else str(scenario)
    kind = error["kind"].rpartition(".")[2]
    missing = re.search(r"No module named '([\w.]+)'", error["text"])
    hint = f"install {missing[1]} into the environment of perfkit" if missing else "mend the scenario and try again"
    return ScenarioError(f"{place}: {kind}: {error['text']}", hint=hint)
