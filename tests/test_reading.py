"""How judged results are read by every renderer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perfkit import reading
from perfkit.model import (
    Change,
    Check,
    Comparison,
    Direction,
    Finding,
    Outcome,
    Scope,
    Sheet,
    SheetCell,
    SheetRow,
    Validity,
)
from tests.builders import a_judged, a_metric, a_run, a_story, a_verdict


def _a_sheet(*cells: SheetCell) -> Sheet:
    return Sheet("Targets", "Endpoint", ("Avg", "Concurrent"), (SheetRow("Login", cells),))


def _a_change(direction: Direction, *, is_gating: bool = True) -> Change:
    return Change("latency.avg_ms", Scope(), 1.0, 2.0, 1.0, None, direction, is_gating, "")


def test_a_cell_with_a_target_shows_what_its_verdicts_saw() -> None:
    """The worst of several is what is judged, and so it is what is shown, not some other metric of that name."""
    asked = a_verdict().expectation
    after = a_judged(verdicts=(a_verdict(observed=a_metric(value=90.0)),), metrics=(a_metric(value=1.0),))
    before = a_judged(verdicts=(a_verdict(outcome="fail", observed=a_metric(value=900.0)),))
    cell = SheetCell("586ms", "latency.avg_ms", asked.select, asked)
    filled = reading.fill(_a_sheet(cell), a_story(after, before=before))[0].cells[0]
    assert filled.before is not None
    assert filled.after is not None
    assert (filled.column, filled.documented, filled.target) == ("Avg", "586ms", "< 200 ms")
    assert (filled.before.value, filled.after.value) == (900.0, 90.0)
    assert filled.verdict == after.verdicts[0]


@pytest.mark.parametrize("name", ["latency.avg_ms", "latency.avg"])
def test_a_cell_without_a_target_shows_the_metric_of_exactly_its_scope(name: str) -> None:
    metrics = (a_metric(value=1.0), a_metric(value=2.0, endpoint="Login", phase="single"))
    cell = SheetCell("586ms", name, {"endpoint": "Login", "phase": "single"}, None)
    filled = reading.fill(_a_sheet(cell), a_story(a_judged(metrics=metrics)))[0].cells[0]
    assert filled.after == metrics[1]
    assert (filled.target, filled.verdict) == (None, None)


def test_a_cell_that_nothing_measured_is_empty() -> None:
    cell = SheetCell("586ms", "latency.avg_ms", {"endpoint": "Logout"}, None)
    filled = reading.fill(_a_sheet(cell), a_story(a_judged(metrics=(a_metric(),))))[0].cells[0]
    assert filled.after is None


def test_cells_beyond_the_named_columns_are_kept() -> None:
    """A table of metrics has one column and no name for it."""
    cell = SheetCell(None, "memory.growth_bytes", {}, None)
    sheet = replace(_a_sheet(cell), columns=())
    assert [filled.column for filled in reading.fill(sheet, a_story())[0].cells] == [""]


@pytest.mark.parametrize(
    ("outcome", "asked", "is_failing"),
    [
        ("pass", {}, False),
        ("fail", {}, True),
        ("unmeasured", {}, True),
        ("unmeasured", {"is_optional": True}, False),
        ("unmeasured", {"is_advisory": True}, False),
        ("advisory", {"is_advisory": True}, False),
    ],
)
def test_missing_is_never_a_pass_unless_it_may_be_missing(
    outcome: Outcome, asked: dict[str, bool], is_failing: bool
) -> None:
    assert reading.is_failing(a_verdict(outcome=outcome, **asked)) is is_failing


def test_a_window_is_part_of_the_target() -> None:
    assert reading.target_text(a_verdict(window_s=10.0).expectation).startswith("< 200 ms in every 10")


def test_every_target_that_holds_passes() -> None:
    standing = reading.standing(a_story(a_judged(verdicts=(a_verdict(),))))
    assert standing == reading.Standing("PASS", "1 of 1 targets hold.")


def test_one_missed_target_fails_the_story() -> None:
    before = a_judged(verdicts=(a_verdict(outcome="fail"),))
    after = a_judged(verdicts=(a_verdict(), a_verdict(outcome="fail")))
    standing = reading.standing(a_story(after, before=before))
    assert standing == reading.Standing("FAIL", "1 of 2 targets hold; before, 0 did.")


def test_what_became_worse_fails_the_story_when_it_gates() -> None:
    after = a_judged(verdicts=(a_verdict(),))
    gating = Comparison("a", "b", (_a_change("regressed"),))
    other = Comparison("a", "b", (_a_change("regressed", is_gating=False),))
    words = [reading.standing(a_story(after, before=after, comparison=it)).word for it in (gating, other)]
    assert words == ["FAIL", "PASS"]


def test_a_discarded_run_is_neither_good_nor_bad() -> None:
    check = Check("generator CPU", False, "99%", "90%", "use more load processes")
    record = replace(a_run().record, validity=Validity((check,)))
    standing = reading.standing(a_story(a_judged(record, verdicts=(a_verdict(outcome="fail"),))))
    assert standing.word == "DISCARDED"
    assert "generator CPU was 99%, wanted 90%" in standing.sentence


def test_without_any_target_there_is_nothing_to_pass() -> None:
    assert reading.standing(a_story()).word == "MEASURED"


@pytest.mark.parametrize(("direction", "word"), [("same", "PASS"), ("inconclusive", "INCONCLUSIVE")])
def test_without_targets_the_comparison_decides(direction: Direction, word: str) -> None:
    comparison = Comparison("a", "b", (_a_change(direction),))
    assert reading.standing(a_story(before=a_judged(), comparison=comparison)).word == word


def test_a_compression_is_a_factor() -> None:
    assert reading.amount("payload.compression_ratio", 6.2) == "6.2×"


def test_a_long_statement_is_one_short_line() -> None:
    shown = reading.shortened("SELECT\n  " + "x, " * 100)
    assert shown.startswith("SELECT x, x")
    assert (len(shown), shown[-1]) == (160, "…")


@pytest.mark.parametrize(
    ("endpoints", "is_told"), [(("List", "List"), True), (("List", "Login"), False), ((None, None), False)]
)
def test_costs_of_one_endpoint_must_not_be_added_up(endpoints: tuple[str | None, ...], is_told: bool) -> None:
    findings = [Finding("rule", "title", (), 90.0, "fix", endpoint=endpoint) for endpoint in endpoints]
    assert bool(reading.overlap_text(findings)) == is_told
