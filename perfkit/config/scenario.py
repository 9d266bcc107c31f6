"""[scenario]: its Locust files, and what Locust is told beside them. Knows what may be said; loads no scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from perfkit.config.section import Section, quoted
from perfkit.model import Scenario, Workers

_IN_FRONT: Final = "in front of the --"
_FILES: Final = f"name the files {_IN_FRONT}, or in `files`"
_USERS: Final = f"say `users` of the phase, or --users {_IN_FRONT}"
_RAMP: Final = "the users of a phase start at once, and `stages` make a ramp"
_LENGTH: Final = f"say `duration` of the phase, or --duration {_IN_FRONT}"
_HOST: Final = f"say target.url, or --host {_IN_FRONT}"
_PROCESSES: Final = f"say `workers`, or --workers {_IN_FRONT}"
# What perfkit tells Locust, or must know of a run: said a second time, its own record would be wrong.
_OURS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("-f", "--locustfile"), _FILES),
    **dict.fromkeys(("-u", "--users"), _USERS),
    **dict.fromkeys(("-r", "--spawn-rate"), _RAMP),
    **dict.fromkeys(("-t", "--run-time"), _LENGTH),
    **dict.fromkeys(("-H", "--host"), _HOST),
    **dict.fromkeys(("--master", "--worker", "--processes"), _PROCESSES),
}


def read_scenario(section: Section, folder: Path | None, arguments: Sequence[str]) -> Scenario:
    """The files are relative to `folder`, that of perfkit.toml; without one they are facts of the past, and not sought.

    Those of `files` are loaded after `file`. `arguments` are added to those of the suite.
    """
    named = [("file", section.text("file"))] if "file" in section else []
    named += [("files", name) for name in section.words("files")]
    if not named:
        section.note("", "'file' is missing")
    named = [(key, name) for key, name in named if name.strip()]
    files = [(folder / name).absolute() if folder else Path(name) for _, name in named]
    for (key, name), file in zip(named, files, strict=True):
        if folder and (problem := _problem_of(file)):
            section.note(key, f"{quoted(name)} {problem}")
    words = (*section.words("arguments"), *arguments)
    for word in words:
        if instead := _OURS.get(word.partition("=")[0]):
            section.note("arguments", f"{word} is not for Locust here: {instead}")
    workers = Workers(local=section.whole("workers", Workers().local, at_least=0))
    first, *more = files or [Path()]
    scenario = Scenario(first, words, tuple(more), is_lean=section.flag("lean"), workers=workers)
    section.finish()
    return scenario


def _problem_of(file: Path) -> str | None:
    try:
        if not file.exists():
            return "does not exist"
        if "," in str(file):
            return "has a comma in its path, at which Locust would cut it"
        if file.is_dir():
            is_empty = all(found.name.startswith("_") for found in file.rglob("*.py"))
            return "is a folder without a Locust file" if is_empty else None
        return None if file.suffix == ".py" else "is no Locust file: it does not end with .py"
    except (OSError, ValueError):  # too long a name; a NUL in it
        return "cannot be the name of a file"
