"""[[expect]] and [[sheet]]: what is asked, and the plans' own tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.model import Config, Expectation, SheetCell
from tests.config.suites import METRIC_SHEET, PHASE, ROW, SCENARIO, SHEET, SINGLE, TARGET, problem, problems, read


def suite(folder: Path, *parts: str) -> Config:
    return read(folder, TARGET, SCENARIO, PHASE, SINGLE, *parts)


def mistake(folder: Path, *parts: str) -> str:
    return problem(folder, TARGET, SCENARIO, PHASE, SINGLE, *parts)


def test_an_expectation_has_what_its_text_says_and_the_facts_beside_it(folder: Path) -> None:
    asked = suite(
        folder,
        '[[expect]]\nthat = "latency.p95{Dashboard, concurrent} < 0.2s for 10s"\npriority = "critical"\n',
        'milestone = "Month 1"\ndocumented = "4,400-8,900ms"\nadvisory = true\n',
    ).expectations
    assert asked == (
        Expectation(
            that="latency.p95{Dashboard, concurrent} < 0.2s for 10s",
            metric="latency.p95_ms",
            select={"endpoint": "Dashboard", "phase": "concurrent"},
            op="<",
            limit=200.0,
            window_s=10.0,
            is_advisory=True,
            priority="critical",
            milestone="Month 1",
            documented="4,400-8,900ms",
        ),
    )


@pytest.mark.parametrize("how", ['that = "errors.ratio < 1% optional"', 'that = "errors.ratio < 1%"\noptional = true'])
def test_optional_is_a_word_of_the_text_or_a_key(folder: Path, how: str) -> None:
    assert suite(folder, f"[[expect]]\n{how}\n").expectations[0].is_optional


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('that = "latency.p59 < 1s"', "did you mean 'latency.p95'?"),
        ('that = "latency.p95 < 1s fro 10s"', "character"),
        ('that = "latency.p95{phase=singel} < 1s"', "did you mean 'single'?"),
        ('that = "latency.p95{concurent} < 1s"', "did you mean 'concurrent'?"),
        ('that = "latency.p95 < 2MB"', "does not fit"),
        ('that = "latency.p95 { x < 1s"', "character"),
        ('that = ""', "is empty"),
        ("that = 3", "must be text"),
        ('tat = "errors.ratio < 1%"\nthat = "errors.ratio < 1%"', "did you mean 'that'?"),
        ('that = "errors.ratio < 1%"\noptional = "yes"', "must be true or false"),
        ('priority = "high"', "'that' is missing"),
    ],
)
def test_mistakes_of_an_expectation(folder: Path, text: str, expected: str) -> None:
    assert expected in mistake(folder, f"[[expect]]\n{text}\n")


def test_an_endpoint_that_resembles_a_phase_can_still_be_named(folder: Path) -> None:
    """With its key in front."""
    text = '[[expect]]\nthat = "latency.p95{endpoint=Concurrent} < 1s"\n'
    assert suite(folder, text).expectations[0].select == {"endpoint": "Concurrent"}


def test_a_row_measures_the_sheets_cells_for_its_own_endpoint(folder: Path) -> None:
    """The endpoint is the row's name, whatever characters it has; a target becomes an expectation."""
    config = suite(folder, SHEET, ROW, 'documented = ["586ms", ""]\ntarget = ["<100ms", ""]\npriority = "critical"\n')
    first, second = config.sheets[0].rows[0].cells
    assert first == SheetCell(
        documented="586ms",
        metric="latency.avg_ms",
        select={"endpoint": "Dashboard, Metrics", "phase": "single"},
        expectation=config.expectations[0],
    )
    assert (second.documented, second.expectation) == (None, None)
    assert config.expectations[0] == Expectation(
        that='latency.avg{endpoint="Dashboard, Metrics", phase=single} <100ms',
        metric="latency.avg_ms",
        select={"endpoint": "Dashboard, Metrics", "phase": "single"},
        op="<",
        limit=100.0,
        priority="critical",
        documented="586ms",
    )


def test_a_row_may_have_another_endpoint_than_its_name(folder: Path) -> None:
    row = suite(folder, SHEET, ROW, 'endpoint = "Login"\n').sheets[0].rows[0]
    assert [cell.select["endpoint"] for cell in row.cells] == ["Login", "Login"]


def test_a_row_of_a_metric_has_one_cell_without_an_endpoint(folder: Path) -> None:
    """Its texts stand without a list."""
    config = suite(
        folder,
        METRIC_SHEET,
        ROW,
        'metric = "memory.growth"\ndocumented = "+19.83MB"\ntarget = "<2MB"\noptional = true\n',
    )
    (cell,) = config.sheets[0].rows[0].cells
    assert (cell.metric, cell.select, cell.documented) == ("memory.growth_bytes", {}, "+19.83MB")
    assert config.expectations[0].limit == 2e6
    assert config.expectations[0].is_optional


def test_a_row_may_have_cells_of_its_own(folder: Path) -> None:
    """They are taken as they stand."""
    row = suite(folder, SHEET, ROW, 'cells = ["system.load1", "errors.ratio"]\n').sheets[0].rows[0]
    assert [(cell.metric, cell.select) for cell in row.cells] == [("system.load1", {}), ("errors.ratio", {})]


def test_what_is_asked_twice_is_judged_once(folder: Path) -> None:
    """An [[expect]] that a sheet asks too, with the same facts."""
    text = '[[expect]]\nthat = "memory.growth <2MB"\n'
    config = suite(folder, text, METRIC_SHEET, ROW, 'metric = "memory.growth"\ntarget = "<2MB"\n')
    assert len(config.expectations) == 1


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((SHEET, ROW, 'documented = ["586ms"]\n'), "has 1 for 2 columns (Avg, Concurrent)"),
        ((SHEET, ROW, 'target = ["<1s", "<1s", "<1s"]\n'), "has 3 for 2 columns"),
        ((SHEET, ROW, 'target = "<1s"\n'), "has 1 for 2 columns"),
        ((SHEET, ROW, 'target = ["", "100ms"]\n'), "a comparison is missing"),
        ((SHEET, ROW, 'target = ["<2MB", ""]\n'), "does not fit"),
        ((SHEET, ROW, 'metric = "memory.growth"\n'), "fills one column"),
        ((SHEET, "[[sheet.row]]\n"), "'name' is missing"),
        ((SHEET, ROW, "target = [1, 2]\n"), "must be a list of texts"),
        ((SHEET, ROW, 'targets = ["", ""]\n'), "did you mean 'target'?"),
        ((SHEET,), "'row' is missing"),
        ((SHEET.replace("avg{single}", "agv{single}"), ROW, ROW), "did you mean 'latency.avg'?"),
        ((SHEET.replace('"latency.avg{single}", ', ""), ROW), "has 1 for 2 columns"),
        (('[[sheet]]\ncolumns = ["A"]\ncells = ["errors.ratio"]\n', ROW), "'title' is missing"),
        ((METRIC_SHEET, ROW), "says nothing to measure"),
        ((METRIC_SHEET, ROW, 'metric = "memory.grwth"\n'), "did you mean 'memory.growth'?"),
    ],
)
def test_mistakes_of_a_sheet(folder: Path, parts: tuple[str, ...], expected: str) -> None:
    """Each is said once, however many rows it touches."""
    assert expected in mistake(folder, *parts)


def test_a_mistake_in_a_row_has_the_line_of_the_row(folder: Path) -> None:
    """Of the second one here."""
    text = f"{TARGET}{SCENARIO}{PHASE}{SINGLE}{SHEET}{ROW}{ROW}"
    found = problems(folder, text, 'target = ["<1", "<2"]\n')
    assert [said.split(":")[0] for said in found] == [str(text.count("\n") + 1)] * 2
