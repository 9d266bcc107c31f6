"""The documentation and the code say the same: every command, key, metric, check and finding, and none beside them."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command

from perfkit import config, errors, grammar, metrics, units
from perfkit.cli import shown
from perfkit.cli.app import BUG, app
from perfkit.demo.fixes import FIXES
from perfkit.errors import ConfigError
from perfkit.explain.rules import RULES
from perfkit.judge import bootstrap, compare, counted
from perfkit.judge.diagnose import FINDERS
from perfkit.judge.validity import validity
from perfkit.model import Direction, Metric, Scope
from perfkit.report.figures import metrics_json
from tests import pages
from tests.builders import a_request, a_run, a_story
from tests.metrics.figures import a_run_of_everything

EVERYWHERE = {"--help"}
NOBODY = "zzzz"  # a key that no table has, and that resembles none
SCENARIO = "locustfile.py"


# commands.md


def options_of(command: Any) -> set[str]:
    names = {name for parameter in command.params for name in parameter.opts if parameter.param_type_name == "option"}
    return {name for name in names if name.startswith("--")} - EVERYWHERE


def commands_documented() -> dict[str, set[str]]:
    rows = pages.table(pages.page("commands"), "command")
    return {pages.first_code(row[0]).split()[1]: set(re.findall(r"--[\w-]+", row[2])) for row in rows}


def test_every_command_with_every_option_is_documented_and_no_other() -> None:
    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    assert {name: options_of(command) for name, command in commands.items()} == commands_documented()


@pytest.mark.parametrize("file", [pages.README, *pages.DOCS], ids=lambda file: file.name)
def test_no_option_is_named_that_does_not_exist(file: Path) -> None:
    """Options that stand alone; those in a command line are read with it."""
    group: Any = get_command(app)
    known = options_of(group).union(EVERYWHERE, *map(options_of, group.commands.values()))
    spans = pages.spans(file.read_text(encoding="utf-8"))
    assert {span.split()[0] for span in spans if re.match(r"--\w", span)} - known == set()


def test_the_options_of_perfkit_itself_are_documented() -> None:
    assert options_of(get_command(app)) - set(re.findall(r"--[\w-]+", pages.page("commands"))) == set()


def test_every_exit_code_is_documented_and_no_other() -> None:
    """0 and 1 are made of verdicts, 70 at the door, 130 of Ctrl-C; all others are errors."""
    raised = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")}
    rows = pages.table(pages.page("commands"), "exit")
    assert [int(row[0]) for row in rows] == sorted({0, 1, BUG, shown.INTERRUPTED} | raised)


# configuration.md


def nested(path: tuple[str, ...], value: Any, arrays: frozenset[tuple[str, ...]]) -> dict[str, Any]:
    """A table with `value` at a path; the tables on the way are arrays where the path says so."""
    for end in range(len(path), 0, -1):
        value = {path[end - 1]: [value] if path[:end] in arrays else value}
    return dict(value)


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + "}"
    return f"[{', '.join(map(inline, value))}]" if isinstance(value, list) else str(value)


def keys_at(path: tuple[str, ...], arrays: frozenset[tuple[str, ...]]) -> set[str]:
    """The keys that the strict reader knows in a table, as it says when it finds an unknown one; none if no table."""
    text = "\n".join(f"{key} = {inline(value)}" for key, value in nested(path, {NOBODY: 1}, arrays).items())
    with pytest.raises(ConfigError) as failed:
        config.from_text(text, Path("perfkit.toml"), metrics={})
    place = re.escape(".".join((*path, NOBODY)))
    said = [re.search(rf" {place}: unknown key; the keys here are (.+)$", one) for one in failed.value.problems]
    return {key for found in said if found for key in found[1].split(", ")}


@cache
def known_keys() -> dict[str, set[str]]:
    """Table (dotted; "" is the top level) → its keys, by asking the reader table by table."""
    found = {"": keys_at((), frozenset())}
    todo = [((key,), frozenset[tuple[str, ...]]()) for key in found[""]]
    while todo:
        path, arrays = todo.pop()
        for kind in (arrays, arrays | {path}):
            if keys := keys_at(path, kind):
                found[".".join(path)] = keys
                todo += [((*path, key), kind) for key in keys]
                break
    return found


def documented_keys() -> dict[str, dict[str, list[str]]]:
    """Table → key → the cells of its row."""
    found = {}
    for title, body in pages.sections(pages.page("configuration")).items():
        if rows := pages.table(body, "key"):
            name = "" if title == "Top level" else title.strip("[]")
            found[name] = {pages.first_code(row[0]): row for row in rows}
    return found


def test_every_key_of_perfkit_toml_is_documented_and_no_other() -> None:
    assert known_keys() == {table: set(rows) for table, rows in documented_keys().items()}


def example() -> str:
    (block,) = pages.blocks(pages.page("configuration"), "toml")
    return block.text


def test_the_complete_example_reads_without_a_problem(tmp_path: Path) -> None:
    (tmp_path / SCENARIO).touch()
    suite = config.from_text(example(), tmp_path / "perfkit.toml", metrics=metrics.names())
    assert [phase.name for phase in suite.phases] == ["warm", "single", "leak", "concurrent", "rush", "own", "trace"]
    assert len(suite.expectations) == 5


def test_the_complete_example_has_every_key() -> None:
    def walk(value: Any, path: tuple[str, ...] = ()) -> Any:
        if isinstance(value, dict):
            yield from ((".".join(path), key) for key in value)
            yield from (pair for key, item in value.items() for pair in walk(item, (*path, key)))
        elif isinstance(value, list):
            yield from (pair for item in value for pair in walk(item, path))

    used = {(table, key) for table, key in walk(tomllib.loads(example())) if not table.startswith("profile")}
    assert {(table, key) for table, keys in known_keys().items() for key in keys} == used


BASE = """
[target]
url = "http://127.0.0.1:8000"
[database]
dsn_env = "DATABASE_URL"
[scenario]
file = "locustfile.py"
[sampling]
[compare]
[[phase]]
name = "single"
iterations = 3
[[expect]]
that = "errors.ratio < 1%"
[[sheet]]
title = "T"
[[sheet.row]]
name = "N"
metric = "memory.growth"
"""


def test_the_documented_defaults_are_what_a_missing_key_means(tmp_path: Path) -> None:
    """Each default, written out, changes nothing."""
    (tmp_path / SCENARIO).touch()
    plain = config.from_text(BASE, tmp_path / "perfkit.toml", metrics=metrics.names())
    tried = 0
    for table, rows in documented_keys().items():
        for key, (_, _, default, _) in rows.items():
            if default.startswith("`"):
                head = f"[[{table}]]\n" if f"[[{table}]]\n" in BASE else f"[{table}]\n" if table else "\n"
                text = BASE.replace(head, f"{head}{key} = {default.strip('`')}\n", 1)
                assert config.from_text(text, tmp_path / "perfkit.toml", metrics=metrics.names()) == plain, (table, key)
                tried += 1
    assert tried > 15


# metrics.md


def measured_everything() -> list[Metric]:
    return metrics.compute(a_run_of_everything())


def scope_words(scopes: set[Scope]) -> set[str]:
    keys = [[key for key in grammar.KEYS if getattr(scope, key) is not None] for scope in scopes]
    return {" + ".join(words) or "run" for words in keys}


def test_every_metric_is_documented_as_it_is() -> None:
    """Name, unit, better direction, scopes and description; no metric beside them."""
    found: dict[str, set[Scope]] = {}
    better = {}
    for metric in measured_everything():
        found.setdefault(metric.name, set()).add(metric.scope)
        better[metric.name] = metric.better or "–"
    expected = {
        name: (units.suffix_of(name) or "–", better[name], scope_words(found[name]), what)
        for name, what in metrics.names().items()
    }
    rows = pages.table(pages.page("metrics"), "metric")
    documented = {
        pages.first_code(name): (unit, better, set(scopes.split(" · ")), what)
        for name, unit, better, scopes, what in rows
    }
    assert expected == documented


@pytest.mark.parametrize("name", [page.stem for page in pages.DOCS])
def test_no_page_names_a_metric_or_a_key_that_does_not_exist(name: str) -> None:
    """`latency.p95` is a metric, with or without its unit; `sampling.settle` a key of perfkit.toml."""
    known = {word for metric in metrics.names() for word in (metric, units.stem_of(metric))}
    families = {word.partition(".")[0] for word in known}
    keys = {f"{table}.{key}" for table, found in known_keys().items() for key in found if table}
    tables = {table for table in known_keys() if table}
    for span in pages.spans(pages.page(name)):
        word, _, rest = span.partition("{")[0].partition(" ")[0].partition(".")
        if word in families | tables and re.fullmatch(r"\w+", rest) and span not in {"heap.url"}:
            assert f"{word}.{rest}" in known | keys | tables, span


def test_the_units_are_those_that_there_are() -> None:
    rows = pages.table(pages.page("metrics"), "unit")
    assert {row[0].strip("`") for row in rows} == {units.suffix_of(name) or "–" for name in metrics.names()}
    for unit, _, written in rows:
        for example in re.findall("`([^`]+)`", written):
            units.parse(example, unit.strip("`–"))


# targets.md, bench.md, slow-sql.md, compare.md, demo.md, reports.md


def test_every_example_of_an_expectation_can_be_read() -> None:
    (block,) = pages.blocks(pages.page("targets"), "")
    for line in block.text.splitlines():
        read = grammar.parse_expectation(line, metrics=metrics.names(), phases=("single", "concurrent"))
        assert read.metric in metrics.names()


def test_the_grammar_is_documented_whole() -> None:
    told = set(pages.spans(pages.page("targets")))
    assert {*grammar.OPS, *grammar.FLAGS, *grammar.KEYS, grammar.EVERY} - told == set()


def test_every_validity_check_is_documented_with_its_limit_and_remedy() -> None:
    checks = validity(a_run([a_request()])).checks
    rows = pages.table(pages.page("bench"), "check")
    assert [(check.name, check.limit, check.remedy) for check in checks] == [
        (pages.first_code(name), limit, remedy) for name, limit, remedy in rows
    ]


def test_every_finding_is_documented_and_no_other() -> None:
    rows = pages.table(pages.page("slow-sql"), "rule")
    assert {rule.NAME for rule in RULES} == {pages.first_code(row[0]) for row in rows}


def test_every_finding_of_a_run_is_documented_and_no_other() -> None:
    rows = pages.table(pages.page("findings"), "finding")
    assert {pages.first_code(row[0]) for row in rows} == {finder.NAME for finder in FINDERS}


def test_every_fix_of_the_demo_is_documented_and_no_other() -> None:
    rows = pages.table(pages.page("demo"), "fix")
    assert list(FIXES) == [pages.first_code(row[0]) for row in rows]


def test_every_verdict_of_a_comparison_is_documented_and_no_other() -> None:
    rows = pages.table(pages.page("compare"), "verdict")
    assert set(get_args(Direction)) == {pages.first_code(row[0]) for row in rows}


def test_every_counted_metric_of_a_comparison_is_documented_and_no_other() -> None:
    rows = pages.table(pages.page("compare"), "metric")
    assert set(counted.RULES) == {span for row in rows for span in pages.spans(row[0])}


def test_the_documented_figures_of_a_comparison_are_those_of_the_code() -> None:
    text = " ".join(pages.page("compare").split())
    for said in (
        f"blocks of {compare.BLOCK_S:.0f} s, in a shorter phase into {metrics.BLOCKS} shorter ones",
        f"fewer than {bootstrap.LEAST_BLOCKS} blocks",
        f"{bootstrap.DRAWS:,} resamples",
        f"Blocks shorter than {compare.BLOCK_S * 0.9:.1f} s",
        f"at least {counted.PAYLOAD_BYTES:.0f} bytes",
        f"and {counted.SLOW_STATEMENTS:.0f} statements",
        f"{counted.MEMORY_SHARE * 100:.0f} % of the memory at the start, at least {counted.MEMORY_BYTES / 1e6:.0f} MB",
        f"{counted.HEAP_POINTS * 100:.0f} percentage points",
    ):
        assert said in text, said


def test_the_shape_of_the_json_is_documented() -> None:
    """The keys of the example are those of the real thing."""
    (block,) = pages.blocks(pages.page("reports"), "json")
    told, real = json.loads(block.text), metrics_json(a_story())
    assert list(told) == list(real)
    assert set(told["run"]) <= set(real["run"])


# All pages


@pytest.mark.parametrize("file", pages.PAGES, ids=lambda file: file.name)
def test_every_relative_link_resolves(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for link in pages.links(text):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = file.parent / path if path else file
            assert target.exists(), link
            assert not anchor or anchor in pages.anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("file", pages.PAGES, ids=lambda file: file.name)
def test_every_block_of_toml_and_python_can_be_read(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for block in pages.blocks(text, "toml"):
        assert tomllib.loads(block.text), block.text
    for block in pages.blocks(text, "python"):
        assert ast.parse(block.text, file.name).body, block.text


def test_every_page_is_linked_from_the_readme() -> None:
    linked = set(pages.links(pages.README.read_text(encoding="utf-8")))
    assert {f"docs/{page.name}" for page in pages.DOCS} - linked == set()
