"""A phase that traces the SQL: what it may say, what it needs, and that it is written as it was read."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit import config
from tests.config.suites import SCENARIO, SINGLE, TARGET, problem, read

DATABASE = '[database]\ndsn_env = "DATABASE_URL"\n'
TRACE = '[[phase]]\nname = "trace"\ntrace = true\n'


def test_a_trace_is_one_user_and_gives_no_figures(folder: Path) -> None:
    phase = read(folder, TARGET, SCENARIO, DATABASE, SINGLE, TRACE).phases[1]
    assert (phase.is_trace, phase.users, phase.iterations, phase.gives_figures) == (True, 1, 3, False)
    assert phase.duration_s is not None


def test_it_is_read_back_from_what_is_written(folder: Path) -> None:
    text = f'{TRACE}iterations = 5\nduration = "9s"\npage_size = "rows"\n'
    suite = read(folder, TARGET, SCENARIO, DATABASE, SINGLE, text)
    assert config.restore(config.effective(suite), metrics={}).phases == suite.phases


@pytest.mark.parametrize("database", ["", f'{DATABASE}capture = "off"\n'])
def test_it_needs_a_database(folder: Path, database: str) -> None:
    found = problem(folder, TARGET, SCENARIO, database, SINGLE, TRACE)
    line = "".join((TARGET, SCENARIO, database, SINGLE, TRACE)).count("\n")
    assert found.startswith(f"{line}: phase.trace: needs [database]")


@pytest.mark.parametrize("key", ["users = 2", 'rate = "2/s"', 'warmup = "1s"', 'think = "1s"', 'pacing = "1s"'])
def test_what_does_not_go_with_it(folder: Path, key: str) -> None:
    assert "does not go with trace" in problem(folder, TARGET, SCENARIO, DATABASE, SINGLE, TRACE, key)


def test_a_page_size_goes_with_it_only(folder: Path) -> None:
    assert "trace = true only" in problem(folder, TARGET, SCENARIO, SINGLE, 'page_size = "rows"')


def test_a_trace_alone_measures_nothing(folder: Path) -> None:
    assert "all warm-up or a trace" in problem(folder, TARGET, SCENARIO, DATABASE, TRACE)
