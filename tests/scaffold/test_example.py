"""The files that `perfkit init` writes."""

from __future__ import annotations

import compileall
import os
from pathlib import Path

import pytest

from perfkit import config, metrics
from perfkit.errors import UsageError
from perfkit.scaffold.suites import init


def test_the_files_written_are_a_suite_that_reads_without_a_problem(tmp_path: Path) -> None:
    """Every metric in it exists, and the scenario that it names is there."""
    written = init(tmp_path)
    suite = config.load(tmp_path / "perfkit.toml", metrics=metrics.names())
    assert [phase.name for phase in suite.phases] == ["single", "concurrent"]
    assert suite.scenario.file in written


def test_every_commented_line_of_the_config_reads_too(tmp_path: Path) -> None:
    """Who takes the # away gets a config that reads."""
    file, _ = init(tmp_path)
    lines = file.read_text(encoding="utf-8").splitlines()
    awake = "\n".join(line.removeprefix("# ") for line in lines[1:])
    suite = config.from_text(awake.replace("127.0.0.1:8000", "127.0.0.1:{port}"), file, metrics=metrics.names())
    assert suite.database is not None
    assert suite.target.start


def test_the_scenario_is_python(tmp_path: Path) -> None:
    init(tmp_path)
    assert compileall.compile_dir(tmp_path / "scenarios", quiet=2)


def test_what_is_there_is_kept_and_named(tmp_path: Path) -> None:
    """Nothing is written when one of the files exists."""
    (tmp_path / "perfkit.toml").write_text("mine")
    with pytest.raises(UsageError, match=r"perfkit\.toml"):
        init(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["perfkit.toml"]
    assert (tmp_path / "perfkit.toml").read_text() == "mine"


def test_force_overwrites(tmp_path: Path) -> None:
    (tmp_path / "perfkit.toml").write_text("mine")
    init(tmp_path, force=True)
    assert "[target]" in (tmp_path / "perfkit.toml").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_is_a_usage_error(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(UsageError, match="cannot write") as refused:
        init(tmp_path / "taken" / os.curdir / "suite")
    assert refused.value.hint
