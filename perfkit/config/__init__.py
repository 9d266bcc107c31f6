"""perfkit.toml → Config, strictly: all mistakes at once, each with its line and a "did you mean".

Knows the file and what the command line says instead of it. Reaches no host, no process, no database: whether what is
written can be had, others find out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfkit.config.asked import Asked
from perfkit.config.expectations import Vocabulary, read_expectations, read_sheets
from perfkit.config.phases import read_load
from perfkit.config.places import Place, places
from perfkit.config.scenario import read_scenario
from perfkit.config.section import Notes, Section
from perfkit.config.system import read_database, read_sampling, read_target, read_tolerance
from perfkit.config.variants import quick, table_without_file, with_warmup
from perfkit.config.written import effective, to_toml
from perfkit.errors import ConfigError
from perfkit.model import Config

__all__ = ["effective", "from_text", "load", "quick", "restore", "to_toml", "without_file"]

_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")
_HOST: Mapping[Place, str] = {("target", "url"): "--host"}
_OPTIONS: Mapping[Place, str] = {
    **_HOST,
    ("scenario", "file"): "Locust file",
    ("scenario", "files"): "Locust file",
    ("scenario", "arguments"): "after --",
    ("phase", 0, "users"): "--users",
    ("phase", 0, "duration"): "--duration",
    ("phase", 0, "warmup"): "--warmup",
    ("phase", 0, "shape", "limit"): "--duration",
    ("phase", 0, "shape", "warmup"): "--warmup",
    ("phase", 0, "rate"): "--rate",
    ("phase", 0, "arrivals"): "--poisson",
    ("phase", 0, "max_users"): "--max-users",
}


def load(
    file: Path,
    *,
    metrics: Mapping[str, str],
    url: str | None = None,
    arguments: Sequence[str] = (),
    profile: str | None = None,
) -> Config:
    """Read perfkit.toml. `metrics` names all metrics there are; `arguments` are added to those of the scenario.

    `url` stands in for target.url, and then target.start is not run: the target is said to be somewhere already.
    `profile` names the [profile.NAME] whose phases are run in place of the suite's own. What the suite asks of phases
    that are then not run is left out.

    Raises:
        ConfigError: it cannot be read, or has mistakes; all of them are in `problems`.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {file}", hint="`perfkit init` writes one to begin with") from error
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", hint="name a perfkit.toml") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _failure(str(file), (f"{file}:{line}: is not UTF-8 text",)) from error
    return from_text(text, file, metrics=metrics, url=url, arguments=arguments, profile=profile)


def from_text(
    text: str,
    file: Path,
    *,
    metrics: Mapping[str, str],
    url: str | None = None,
    arguments: Sequence[str] = (),
    profile: str | None = None,
) -> Config:
    """`load`, of a text that is (or would be) in `file`: the scenario is looked for beside it.

    Raises:
        ConfigError: the text has mistakes; all of them are in `problems`.
    """
    table = _parse(text, file)
    notes = Notes(str(file), places(text))
    if url is not None and isinstance(target := table.setdefault("target", {}), dict):
        target["url"] = url
        target.pop("start", None)
        notes.given = _HOST
    config = _read(Section(table, (), notes), file.parent, file, metrics, arguments, profile)
    if notes.found:
        raise _failure(str(file), notes.problems)
    return config


def without_file(
    files: Path | Sequence[Path],
    url: str,
    *,
    arguments: Sequence[str] = (),
    is_lean: bool = False,
    warmup: str | None = None,
    **load: Any,
) -> Config:
    """A suite of one phase `load` (10 users, 30 s, of which 3 s warm-up) for Locust files that stand alone.

    `load` are keys of [[phase]] with their values; None is the same as nothing. Without users and rate the scenario's
    own LoadTestShape decides, if there is one; a duration is then a cap.

    Raises:
        ConfigError: what was given is wrong: no such file, no URL, no duration.
    """
    names = [str(file) for file in ([files] if isinstance(files, Path) else files)]
    table = table_without_file(url, names, {**load, "warmup": warmup}, is_lean=is_lean)
    notes = Notes("command line", given=_OPTIONS)
    config = _read(Section(table, (), notes), Path(), None, {}, arguments)
    if notes.found:
        raise _failure("the command line", notes.problems)
    return config if warmup is not None else with_warmup(config)


def restore(table: Mapping[str, Any], *, metrics: Mapping[str, str]) -> Config:
    """The config of a run that was made with `effective(config)`; its scenario need not be there any more.

    Raises:
        ConfigError: this version knows a metric or a key no more, or not yet.
    """
    notes = Notes("run.json")
    config = _read(Section(dict(table), (), notes), None, None, metrics, ())
    if notes.found:
        raise _failure("run.json", notes.problems)
    return config


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        what = _AT_LINE.sub("", str(error)).removesuffix(" (at end of document)")
        raise _failure(str(file), (f"{file}:{line}: is not TOML: {what}",)) from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; brackets 1,000 deep
        raise _failure(str(file), (f"{file}: is beyond what can be read: {type(error).__name__}",)) from error


def _failure(origin: str, problems: tuple[str, ...]) -> ConfigError:
    count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigError(f"{count} in {origin}", problems=problems, hint="nothing was started; mend these and run again")


def _read(
    root: Section,
    folder: Path | None,
    file: Path | None,
    metrics: Mapping[str, str],
    arguments: Sequence[str],
    profile: str | None = None,
) -> Config:
    phases, known = read_load(root, profile)
    words, now = Vocabulary(metrics, known), Asked([phase.name for phase in phases], known)
    sheets = now.sheets(read_sheets(root, words))
    of_sheets = [cell.expectation for sheet in sheets for row in sheet.rows for cell in row.cells if cell.expectation]
    own = now.expectations(read_expectations(root, words))
    asked = [expectation for expectation in own if expectation not in of_sheets]
    root.require("target", "scenario")
    config = Config(
        name=root.text("name", "perfkit"),
        target=read_target(root.section_or_empty("target")),
        database=read_database(root.section("database", is_secret=True)),
        scenario=read_scenario(root.section_or_empty("scenario"), folder, arguments),
        sampling=read_sampling(root.section_or_empty("sampling")),
        tolerance=read_tolerance(root.section_or_empty("compare")),
        phases=phases,
        sheets=sheets,
        expectations=(*asked, *of_sheets),
        file=file,
    )
    root.finish(tolerance="unknown key; did you mean 'compare'?")
    return config
