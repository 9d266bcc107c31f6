"""What the README tells one to type exists, and what it says twice it says alike."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from perfkit import __version__
from perfkit.cli.app import app
from tests import pages
from tests.cli.perfkit import perfkit

README = pages.README.read_text(encoding="utf-8")
PROJECT = tomllib.loads((pages.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MOST_LINES = 200


def in_blocks() -> list[list[str]]:
    """Every `perfkit …` in the shell blocks of all pages."""
    found = [words for page in pages.PAGES for words in pages.shell_commands(page.read_text(encoding="utf-8"))]
    return [words[1:] for words in found if words[:1] == ["perfkit"]]


def in_prose() -> list[list[str]]:
    """Every `perfkit …` in the text of all pages."""
    found = [span for page in pages.PAGES for span in pages.spans(page.read_text(encoding="utf-8"))]
    return [words[1:] for span in found if span.startswith("perfkit ") for words in pages.split(span)]


def parse(words: list[str], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Read a command line as perfkit would, without running it; the parameters that it gives.

    Raises:
        typer.BadParameter, click's UsageError: it has a word that perfkit does not know.
    """
    monkeypatch.setenv("DATABASE_URL", "postgresql:///erp")
    group: Any = get_command(app)
    name = words[0]
    if name.startswith("-"):
        assert name in {"--help", *(option for parameter in group.params for option in parameter.opts)}
        return {name}
    assert name in group.commands
    context = group.commands[name].make_context(name, words[1:])
    given = {key for key in context.params if context.get_parameter_source(key).name == "COMMANDLINE"}
    return {*given, *context.args}


def as_line(words: list[str]) -> str:
    return " ".join(words)


@pytest.mark.parametrize("words", in_blocks(), ids=as_line)
def test_every_command_line_in_a_block_parses(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands behind the command's name has a meaning."""
    assert bool(parse(words, monkeypatch)) == (len(words) > 1 or words[0].startswith("-"))


@pytest.mark.parametrize("words", in_prose(), ids=as_line)
def test_every_command_in_the_text_exists(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence may leave out what a command requires, as in "`perfkit explain` reads …"."""
    try:
        parse(words, monkeypatch)
    except typer.BadParameter as error:
        assert type(error).__name__ == "MissingParameter"  # noqa: PT017 - whatever else it is, is raised above


def test_a_command_line_that_is_wrong_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(["bench", "--nonsense"], monkeypatch)


def test_the_version_is_printed(tmp_path: Path) -> None:
    done = perfkit("--version", at=tmp_path)
    assert (done.code, done.out) == (0, f"perfkit {__version__}\n")


def test_help_names_every_command_of_the_readme(tmp_path: Path) -> None:
    done = perfkit("--help", at=tmp_path)
    assert done.code == 0
    named = {pages.first_code(row[0]).split()[1] for row in pages.table(README, "command")}
    assert {name for name in named if not re.search(rf"^  {name}\b", done.out, re.MULTILINE)} == set()


def test_init_writes_what_the_readme_says(tmp_path: Path) -> None:
    (line,) = re.findall(r"^\$ perfkit init +# (.+)$", README, re.MULTILINE)
    done = perfkit("init", at=tmp_path)
    assert done.code == 0
    assert all((tmp_path / name).is_file() for name in line.split(" and "))


def test_the_tables_of_commands_and_exit_codes_are_those_of_the_documentation() -> None:
    docs = pages.page("commands")
    assert pages.table(README, "command") == [row[:2] for row in pages.table(docs, "command")]
    assert pages.table(README, "exit") == pages.table(docs, "exit")


@pytest.mark.parametrize("file", pages.PAGES, ids=lambda file: file.name)
def test_every_make_target_exists(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (pages.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    mentioned = (words for span in pages.spans(text) if span.startswith("make ") for words in pages.split(span))
    lines = [words for words in (*pages.shell_commands(text), *mentioned) if words[:1] == ["make"]]
    named = {word for words in lines for word in words[1:] if "=" not in word}
    assert named - targets == set()


def test_the_two_commands_are_demo_and_test() -> None:
    first = next(pages.shell_commands(README)), ["make", "test"]
    assert first == (["make", "demo"], ["make", "test"])
    assert ["make", "test"] in list(pages.shell_commands(README))[:2]


def test_every_dependency_has_its_reason_and_no_other() -> None:
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *chain.from_iterable(extras.values())]
    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted} - {PROJECT["name"]}
    assert {name for row in pages.table(README, "package") for name in row[0].split(", ")} == names


def test_every_dependency_has_a_licence() -> None:
    for packages, reason, licences in pages.table(README, "package"):
        assert reason
        assert len(licences.split(", ")) in {1, len(packages.split(", "))}


def test_the_figures_come_from_benchmarks_that_exist() -> None:
    modules = re.findall(r"python -m (tests\.benchmarks\.\w+)", README)
    assert len(modules) == len(set(modules)) >= 3
    assert all(find_spec(module) for module in modules)


def test_the_wheel_is_named_as_it_is_built() -> None:
    assert f"{PROJECT['name']}-{PROJECT['version']}-py3-none-any.whl" in README
    assert PROJECT["version"] == __version__


def test_the_readme_is_short_and_ends_with_the_dependencies() -> None:
    assert README.count("\n") <= MOST_LINES
    assert list(pages.sections(README))[-1] == "Dependencies, and why"
