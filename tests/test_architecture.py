"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "perfkit"
LONGEST_FUNCTION = 60
LONGEST_FILE = 400
FORBIDDEN_NAMES = {"utils", "util", "core", "common", "base", "helpers", "manager", "misc"}
HEAVY = {"pandas", "numpy", "pyarrow", "locust", "gevent", "psycopg", "jinja2", "fastapi", "httpx"}

# Rooms without tests of their own → where what they do is seen; "" where there is nothing to test.
TESTED_THROUGH = {
    "model": "",  # types
    "errors": "",  # exceptions without logic
    "files": "store",
    "provenance": "cli",
    "draft": "cli",
    "measure": "cli",
    "phases": "cli",
    "rounds": "cli",
    "watching": "cli",
    "trace": "demo",
    "scaled": "load",
    "setup": "cli",
    "story": "cli",
    "demonstration": "cli",
    "replay": "scaffold",
}

# Folder → its table and what makes a module one of those that the table holds.
TABLES = {
    "metrics": ("FAMILIES", "compute"),
    "samplers": ("SAMPLERS", "from_config"),
    "queries": ("SOURCES", "open_capture"),
    "queries/formats": ("FORMATS", "entries"),
    "explain/rules": ("RULES", "find"),
    "report/sections": ("SECTIONS", "prepare"),
    "scaffold/importers": ("IMPORTERS", "read"),
    "judge/diagnose": ("FINDERS", "find"),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def shown(file: Path, node: ast.AST | None = None) -> str:
    return f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def test_the_import_contracts_hold() -> None:
    """Floors, independent rooms, locust in the child only: as pyproject.toml says."""
    command = [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_functions_and_files_are_short() -> None:
    """The style wants 15 and 150 lines; beyond 60 and 400 something is its own thing."""
    long_files = [shown(file) for file in modules() if file.read_text(encoding="utf-8").count("\n") > LONGEST_FILE]
    long_functions = [
        f"{shown(file, node)} {node.name}"
        for file in modules()
        for node in functions(tree_of(file))
        if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert (long_files, long_functions) == ([], [])


def test_every_module_says_what_it_knows() -> None:
    """In its docstring."""
    assert [shown(file) for file in modules() if not ast.get_docstring(tree_of(file))] == []


def test_every_function_at_a_door_says_what_it_does() -> None:
    """Public functions of floor 1 and 3 and of the rooms' `__init__`, unless one statement says it all."""
    doors = [*PACKAGE.glob("*.py"), *PACKAGE.glob("*/__init__.py")]
    silent = [
        f"{shown(file, node)} {node.name}"
        for file in doors
        for node in tree_of(file).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if not ast.get_docstring(node) and len(node.body) > 1
    ]
    assert silent == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [shown(file) for file in modules() if file.stem in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("folder", TABLES)
def test_every_plugin_is_in_its_table(folder: str) -> None:
    """A module that has the hook of its folder is listed in the folder's `__init__`, and nothing else is."""
    table, hook = TABLES[folder]
    package = importlib.import_module(f"perfkit.{folder.replace('/', '.')}")
    listed = getattr(package, table)
    entries = listed.values() if isinstance(listed, Mapping) else listed
    names = {getattr(entry, "__module__", None) or entry.__name__ for entry in entries}
    written = {
        f"{package.__name__}.{file.stem}"
        for file in (PACKAGE / folder).glob("*.py")
        if file.stem != "__init__" and hook in {node.name for node in tree_of(file).body if hasattr(node, "name")}
    }
    assert names == written
    assert written


def dangers(tree: ast.AST) -> Iterator[ast.AST]:
    """Calls of eval, exec and os.system, `shell=True`, imports of pickle and its kin."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="eval" | "exec" | "compile" | "__import__")):
                yield node
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen")):
                yield node
            case ast.keyword(arg="shell", value=value) if not (
                isinstance(value, ast.Constant) and value.value is False
            ):
                yield value
            case ast.Import(names=names) if {name.name for name in names} & {"pickle", "marshal", "shelve", "dill"}:
                yield node
            case ast.ImportFrom(module="pickle" | "marshal" | "shelve" | "dill"):
                yield node


@pytest.mark.parametrize(
    "text",
    ["eval('1')", "import pickle", "from pickle import loads", "os.system(x)", "run(x, shell=True)", "run(x, shell=y)"],
)
def test_the_search_for_dangers_finds_them(text: str) -> None:
    assert len(list(dangers(ast.parse(text)))) == 1


def test_no_shell_no_eval_no_pickle() -> None:
    """What comes from a file or a server is never run and never unpickled."""
    assert [shown(file, node) for file in modules() for node in dangers(tree_of(file))] == []


def loaded_after(program: str) -> set[str]:
    """The modules that a fresh interpreter has loaded at the end of `program`."""
    report = "import sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{report}"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_loads_nothing_heavy() -> None:
    """`perfkit --help` answers at once: what only some commands need, those import."""
    program = """
import sys
from perfkit.cli.app import main
sys.argv = ["perfkit", "--help"]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""
    loaded = loaded_after(program)
    assert "typer" in loaded
    assert loaded & (HEAVY | {"perfkit.model"}) == set()  # the model's many dataclasses take longer to make than typer


def test_reading_a_config_loads_nothing_heavy() -> None:
    """A mistake in perfkit.toml is said before pandas is awake."""
    program = """
from pathlib import Path
from perfkit import config, metrics
config.load(Path("perfkit.toml"), metrics=metrics.names())
"""
    assert loaded_after(program) & HEAVY == set()


def test_every_dependency_is_pinned_by_hash_and_no_index_is_named() -> None:
    """constraints.txt is enough for `pip install --require-hashes`, wherever pip looks."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip())
    assert [line for line in requirements if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:", line)] == []
    assert "://" not in text
    assert "--index" not in text


def test_every_room_has_its_tests() -> None:
    """tests/ mirrors the package: tests/load/ for perfkit/load/, tests/test_units.py for perfkit/units.py."""
    rooms = {file.stem for file in PACKAGE.glob("*.py")} | {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    tested = {file.stem.removeprefix("test_") for file in (ROOT / "tests").glob("test_*.py")}
    tested |= {folder.name for folder in (ROOT / "tests").iterdir() if any(folder.rglob("test_*.py"))}
    assert rooms - tested - {"__init__", "__main__"} <= set(TESTED_THROUGH)
    assert set(TESTED_THROUGH.values()) <= tested | {""}
