"""What people see in a terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from perfkit import terminal
from perfkit.model import (
    Change,
    Comparison,
    NodeChange,
    NodeSide,
    NotExplained,
    PlanDiff,
    PlanNode,
    Progress,
    QueryPlan,
    Scope,
    Story,
)
from tests.builders import a_judged, a_metric, a_phase, a_run, a_story, a_verdict
from tests.report.erp import erp_story
from tests.report.hostile import ATTACK, hostile_story

PROGRESS = Progress("concurrent", 12.2, 18.0, 20, 512, 3, 42.13, 41.2, 88.0, 101e6)
BAD = "[red]x[/red] \x1b[31mred\x1b[0m \x9b2J\u202e"


def shown(*parts: RenderableType, width: int = 80) -> str:
    """What a terminal of that width would show, without colours."""
    console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False)
    for part in parts:
        console.print(part)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def everything(story: Story) -> list[RenderableType]:
    """Each renderable there is, of a story of two runs."""
    assert story.before is not None
    assert story.comparison is not None
    view = terminal.LiveView()
    view.update(replace(PROGRESS, phase=story.after.run.phases[0].name))
    return [
        *terminal.sheets_table(story),
        terminal.verdicts_table(story.after),
        terminal.validity_table(story.after),
        terminal.metrics_table(story.after),
        terminal.comparison_table(story.comparison),
        terminal.queries_table(story.before),
        terminal.budgets_table(story.before),
        *terminal.findings_list(story.before.findings),
        *(terminal.plan_tree(plan) for plan in story.before.plans),
        *(terminal.statement_line(plan, BAD * 50) for plan in story.before.plans),
        *terminal.notes_list(story),
        *terminal.leaks_list(story.after, story.comparison.leaks),
        *terminal.leaks_list(story.before),
        view,
    ]


@pytest.mark.parametrize("make", [erp_story, hostile_story])
@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_wider_than_the_terminal(make: Callable[[], Story], width: int) -> None:
    lines = shown(*everything(make()), width=width).splitlines()
    assert max(map(len, lines)) <= width


def test_a_row_of_the_plan_is_one_line_a_load_at_80_columns() -> None:
    """Documented, target, before, after and verdict beside one another: that is what the plan's reader compares."""
    lines = [" ".join(line.split()) for line in shown(*terminal.sheets_table(erp_story())).splitlines()]
    assert "Dashboard Metrics Avg 586ms < 100 ms 612 ms 8.31 ms ✓ pass" in lines
    assert "critical Concurrent 4,400-8,900ms < 200 ms 5,211 ms 42.6 ms ✓ pass" in lines
    assert "Heap Utilization 83.6% < 70% unmeasured unmeasured ? unmeasured" in lines


def test_a_single_run_has_one_measured_column() -> None:
    lines = [
        " ".join(line.split()) for line in shown(*terminal.sheets_table(replace(erp_story(), before=None))).splitlines()
    ]
    assert "Endpoint Load Documented Target Measured Verdict" in lines


def test_notes_say_which_run_they_are_of() -> None:
    """Unless there is one run only."""
    record = a_run(notes=("a feed ran out", BAD)).record
    story = a_story(a_judged(record), before=a_judged(replace(record, notes=("an older note",))))
    lines = shown(*terminal.notes_list(story)).splitlines()
    assert lines[:2] == ["note: before: an older note", "note: after: a feed ran out"]
    assert not {"\x1b", "\x9b", "\u202e"} & set("".join(lines))
    alone = shown(*terminal.notes_list(replace(story, before=None))).splitlines()
    assert alone[0] == "note: a feed ran out"


def test_markup_and_escape_sequences_in_names_are_text() -> None:
    """A name may not colour, move or clear the terminal, nor vanish as markup."""
    metric = a_metric("latency.avg_ms", 5.0, BAD, "single")
    text = shown(terminal.metrics_table(a_judged(metrics=(metric,))))
    assert "[red]x[/red]" in text
    assert not {"\x1b", "\x9b", "\u202e"} & set(text)


def test_hostile_text_is_shown_as_it_is() -> None:
    text = shown(*everything(hostile_story()), width=400)
    assert "[red]x[/red]" in text
    assert ATTACK in text


def test_leaks_of_two_runs_stand_side_by_side() -> None:
    story = erp_story()
    assert story.comparison is not None
    (table,) = terminal.leaks_list(story.after, story.comparison.leaks)
    told = shown(table)
    assert "LEAK → OK" in told
    assert "198 MB → 1.00 kB" in told
    assert "improved" in told


def test_what_does_not_hold_comes_first() -> None:
    lines = shown(terminal.verdicts_table(erp_story().after)).splitlines()
    outcomes = [next(word for word in ("pass", "fail", "unmeasured") if word in line) for line in lines if "✓" in line
                or "✗" in line or "?" in line]  # fmt: skip
    assert outcomes == ["fail", "unmeasured", *["pass"] * 13]


def test_what_the_sheets_tell_is_not_told_again() -> None:
    story = erp_story()
    after = replace(story.after, verdicts=(*story.after.verdicts, a_verdict("latency.p95 < 1s", "fail")))
    text = shown(terminal.verdicts_table(after, story.sheets))
    assert "Expectations: 1 of 1 do not hold" in text
    assert "Dashboard" not in text


def test_the_setup_tells_what_to_mend() -> None:
    rows = [("target", True, "answers"), ("database", False, "refused; set DATABASE_URL")]
    lines = [" ".join(line.split()) for line in shown(terminal.setup_table(rows)).splitlines()]
    assert lines[-2:] == ["✓ target answers", "✗ database refused; set DATABASE_URL"]


def test_a_phase_of_warm_up_alone_has_no_table() -> None:
    phases = (a_phase("warmup", is_warmup_only=True), a_phase("single"))
    judged = a_judged(replace(a_run().record, phases=phases), metrics=(a_metric(phase="single"),))
    assert "warmup" not in shown(terminal.metrics_table(judged))


def test_a_plan_tells_the_time_of_each_node_alone() -> None:
    leaf = PlanNode("Seq Scan", "quotations", None, 10, 1188, 1, 80.0, 80.0, {"Filter": "(status = ?)"})
    root = PlanNode("Sort", None, None, 10, 1188, 1, 100.0, 20.0, {}, (leaf,))
    lines = shown(terminal.plan_tree(QueryPlan("f", root, 1.0, 100.0, "18"))).splitlines()
    assert lines == [
        "Sort  20.0 ms (20%)  rows 1,188 of 10 planned",
        "└── Seq Scan quotations  80.0 ms (80%)  rows 1,188 of 10 planned",
        "    Filter: (status = ?)",
        "execution 100 ms, planning 1.00 ms, PostgreSQL 18",
    ]


def test_a_difference_of_plans_tells_both_sides() -> None:
    before, after = NodeSide("Seq Scan on t", None, 90.0, 5.0, 900), NodeSide("Index Scan on t", "i", 1.0, 5.0, 4)
    lines = shown(terminal.diff_table(PlanDiff("f", 91.0, 2.0, (NodeChange("changed", before, after),)))).splitlines()
    assert "What changed in the plan: 91.0 ms → 2.00 ms" in lines[1]
    told = " ".join(lines[-1].split())
    assert told == "changed Seq Scan on t → Index Scan on t 90.0 ms → 1.00 ms 5 → 5 900 → 4"


def test_plans_that_are_the_same_say_so() -> None:
    assert shown(terminal.diff_table(PlanDiff("f", 9.0, 9.1, ()))) == "the plan is the same: 9.00 ms → 9.10 ms\n"


def test_what_was_not_explained_says_why() -> None:
    assert shown(terminal.plan_tree(NotExplained("f", "it writes"))) == "not explained: it writes\n"


def test_the_live_view_shows_the_load() -> None:
    view = terminal.LiveView()
    view.update(PROGRESS)
    first, second = shown(view).splitlines()
    assert (first.split()[0], first.split()[-3:]) == ("concurrent", ["0:12,", "0:18", "left"])
    assert second == "req/s 42.1  p50 41.2 ms  p95 88.0 ms  errors 3  users 20  memory 101 MB"


def test_a_figure_that_is_not_there_is_no_zero() -> None:
    view = terminal.LiveView()
    view.update(Progress("single", 0.0, None, 1, 0, 0, None, None, None, None))
    assert shown(view).splitlines()[1] == "req/s –  p50 –  p95 –  errors 0  users 1  memory –"


def test_a_resting_view_shows_nothing() -> None:
    view = terminal.LiveView()
    view.update(PROGRESS)
    view.rest()
    assert shown(view).strip() == ""


def test_progress_fits_on_a_line_of_a_log() -> None:
    assert terminal.progress_line(PROGRESS) == (
        "concurrent 0:12, 0:18 left: 512 requests, "
        "req/s 42.1, p50 41.2 ms, p95 88.0 ms, errors 3, users 20, memory 101 MB"
    )


def test_the_terminal_does_not_wait_for_heavy_libraries() -> None:
    code = "import sys, perfkit.terminal; print({'pandas', 'numpy', 'jinja2', 'locust'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"


def test_a_percentile_of_too_few_requests_is_marked_and_the_mark_explained() -> None:
    """With n in a column of its own; where all have enough there is no line about it."""
    told = {}
    for n in (19, 20, 100):
        metrics = tuple(
            replace(a_metric(f"latency.{key}_ms", 7.0, "Home", "single"), n=n) for key in ("avg", "p50", "p95", "p99")
        )
        told[n] = shown(terminal.metrics_table(a_judged(metrics=metrics)))
    rows = {n: next(" ".join(line.split()) for line in text.splitlines() if "Home" in line) for n, text in told.items()}
    assert rows[19].startswith("Home 19 7.00 ms 7.00 ms 7.00 ms* 7.00 ms*")
    assert rows[20].startswith("Home 20 7.00 ms 7.00 ms 7.00 ms 7.00 ms*")
    assert rows[100].startswith("Home 100 7.00 ms 7.00 ms 7.00 ms 7.00 ms")
    assert ["* of so few requests" in text for text in told.values()] == [True, True, False]


def test_a_change_that_its_values_do_not_make_is_explained() -> None:
    change = Change("latency.avg_ms", Scope("Home", "single"), 12.0, 13.6, 0.281, (0.2, 0.3), "regressed", True, "")
    alike = replace(change, relative=0.133)
    texts = [shown(terminal.comparison_table(Comparison("a", "b", (one,)))) for one in (change, alike)]
    assert ["changes of the means of its blocks" in " ".join(text.split()) for text in texts] == [True, False]


def test_a_name_that_would_fill_the_screen_is_cut() -> None:
    metric = a_metric("latency.avg_ms", 5.0, "GET /" + "x" * 5_000, "single")
    text = shown(terminal.metrics_table(a_judged(metrics=(metric,))))
    assert "x…" in text
    assert len(text.splitlines()) < 15
