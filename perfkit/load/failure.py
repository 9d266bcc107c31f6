"""Turns the log of a Locust child that failed into one sentence with a place and a way out. Knows texts only."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from perfkit.errors import ScenarioError

_TRACEBACK: Final = "Traceback (most recent call last):\n"
_FRAME: Final = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
_RAISED: Final = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*)(?:: ?(?P<text>.*))?$", re.MULTILINE)
_USAGE: Final = re.compile(r"^\S+: error: (?P<text>.*(?:\nDid you mean .*)?)", re.MULTILINE)
_OLD_STYLE: Final = re.compile(r"class has been renamed to \w*User")
# Without a User class Locust looks for pytest functions; a failure in there means that there was neither.
_NO_USER: Final = ("load_locustfile_pytest", "No User class found")
_SAID_BY_LOCUST: Final = re.compile(
    r"(?P<text>Unknown User\(s\): .*|Duplicate (?:user class names|shape classes): .*"
    r"|Error applying user config.*|Gave up waiting for workers.*)"
)
_OURS: Final = {"RefusedError", "NoShapeError", "NoTaskError"}  # whose text is a sentence already
_HINTS: Final[Mapping[str, str]] = {
    "run_single_user": 'put the call under `if __name__ == "__main__":`',
    "sys.exit": "let it raise an exception that says what is missing, or leave the exit out",
    "LoadTestShape": "give the phase users and a duration, or leave out its shape",
    "tags": "name a tag that the scenario has, or leave --tags and --exclude-tags out",
    "relative import": "Locust loads each file by itself: import what lies beside it by its name, `import pages`",
}
_MEND: Final = "mend the scenario and try again"


def explain(log: str, scenario: Sequence[Path], code: int | None, *, has_begun: bool) -> ScenarioError:
    """The error for a child that ended with `code`; `has_begun` says whether its load had started."""
    named = ", ".join(map(str, scenario))
    if _OLD_STYLE.search(log):
        return ScenarioError(
            f"{named} is written for Locust before 1.0 (HttpLocust)",
            hint="derive the class from HttpUser, rename task_set to tasks = [...], and give wait_time = between(...)",
        )
    if any(sign in log for sign in _NO_USER):
        return ScenarioError(
            f"{named} has no Locust User class with tasks",
            hint="derive a class from locust.HttpUser or FastHttpUser and mark its methods with @task",
        )
    if "Could not find" in log and "locustfile" in log:
        return ScenarioError(f"{named} does not exist", hint="name a Locust file, or set scenario.file")
    if said := _SAID_BY_LOCUST.search(log):
        return ScenarioError(f"{named}: {said['text']}", hint="see locust.log in the run folder")
    if usage := _USAGE.search(log):
        return ScenarioError(
            f"the scenario's arguments do not fit: {usage['text'].replace(chr(10), ' ')}",
            hint="they stand after -- or in scenario.arguments; the scenario adds its own to those of Locust",
        )
    killed_by = _signal(-code) if code is not None and code < 0 else None
    if killed_by is None and (error := _from_traceback(log, scenario)):
        return error
    how = f"was killed ({killed_by})" if killed_by else f"ended with code {code}"
    doing = "during the load" if has_begun else "before the load began"
    return ScenarioError(f"Locust {how} {doing}", hint="see locust.log in the run folder")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # of real time
        return f"signal {number}"


def _from_traceback(log: str, scenario: Sequence[Path]) -> ScenarioError | None:
    """The last exception of the log, at the innermost line of the scenario's own; its causes may stand before it."""
    first, last = log.find(_TRACEBACK), log.rfind(_TRACEBACK)
    raised = _RAISED.search(log, last + len(_TRACEBACK)) if last >= 0 else None
    if raised is None:
        return None
    frames = list(_FRAME.finditer(log, first, raised.start()))
    kind, text = raised["kind"].rpartition(".")[2], raised["text"] or ""
    own = [frame for frame in frames if _is_of(scenario, Path(frame["file"]))]
    if kind in _OURS and not own:
        return ScenarioError(text, hint=_hint_for(text))
    shown = (own or frames)[-1:]
    place = f"{shown[0]['file']}, line {shown[0]['line']}" if shown else ", ".join(map(str, scenario))
    said = text if kind in _OURS else f"{kind}: {text}" if text else kind
    return ScenarioError(f"{place}: {said}", hint=_hint_for(text))


def _is_of(scenario: Sequence[Path], file: Path) -> bool:
    """Whether a frame is the scenario's: its file ("<frozen …>" is none) lies beside, or below, a named one."""
    folders = (path if path.is_dir() else path.parent for path in scenario)
    is_file = file.is_absolute() and "site-packages" not in file.parts
    return is_file and any(file.resolve().is_relative_to(at.resolve()) for at in folders)


def _hint_for(text: str) -> str:
    if missing := re.search(r"No module named '([\w.]+)'", text):
        return f"install {missing[1]} into the environment of perfkit, or start perfkit in the folder that holds it"
    return next((hint for sign, hint in _HINTS.items() if sign in text), _MEND)
