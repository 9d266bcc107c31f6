"""The sections: their table, and what some of them decide."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from pathlib import Path

from perfkit.judge.leaks import leak_changes
from perfkit.model import (
    Budget,
    Change,
    Comparison,
    Finding,
    IndexAdvice,
    Scope,
    StatementShare,
    Tolerance,
    TracedStatement,
)
from perfkit.report import markdown, phrases, sections
from perfkit.report.sections import advice, budget, endpoints, errors, findings, leaks, measured, verdict
from perfkit.report.tables import Column, Table
from tests.builders import START, a_judged, a_metric, a_phase, a_run, a_story
from tests.report.erp import erp_story

TEMPLATES = Path(sections.__file__).parent.parent / "templates"


def test_every_section_is_in_the_table() -> None:
    """A section that is forgotten there would never be shown."""
    files = {module.name for module in pkgutil.iter_modules(sections.__path__)}
    assert files == set(sections.SECTIONS)


def test_every_section_has_a_template_of_its_name() -> None:
    templates = {path.name.removesuffix(".html.j2") for path in TEMPLATES.glob("*.html.j2")}
    assert templates == {*sections.SECTIONS, "page", "parts"}


def test_markdown_leaves_out_only_charts_and_the_long_list() -> None:
    assert set(sections.SECTIONS) - set(markdown.WRITERS) == {"distributions", "timeline", "everything"}


def test_a_regression_is_told_before_a_larger_improvement_of_the_same_endpoint() -> None:
    """Good news may not hide bad news."""
    changes = (
        Change("latency.avg_ms", Scope("Login", "many"), 900.0, 9.0, -0.99, None, "improved", True, ""),
        Change("latency.avg_ms", Scope("Login", "one"), 10.0, 40.0, 3.0, None, "regressed", True, ""),
    )
    story = a_story(before=a_judged(), comparison=Comparison("a", "b", changes))
    told = verdict.prepare(story)
    assert [tile["change"] for tile in told["tiles"]] == ["4.0× slower", "100× faster"]
    assert told["worse"] == ["latency.avg of Login, one"]


def test_leaks_are_told_before_and_after_for_ten_thousand_requests() -> None:
    table = leaks.prepare(erp_story())["tables"][0]
    heap = table.rows[0]
    assert [cell.text for cell in heap[:7]] == [
        "leak", "heap, collected", "LEAK", "OK", "198 MB", "1.00 kB", "improved"
    ]  # fmt: skip
    assert (heap[4].note, heap[6].note) == ("95%: 194 MB to 202 MB", "95%: -198 MB to -198 MB")


def test_a_leak_that_came_is_named_among_what_became_worse() -> None:
    story = erp_story()
    assert story.before is not None
    change = leak_changes(story.after.leaks, story.before.leaks, Tolerance())[0]
    told = verdict.prepare(replace(story, comparison=Comparison("a", "b", (change.change,), leaks=(change,))))
    assert told["worse"] == ["leak.per_request of leak, heap"]


def test_the_warm_up_is_told_as_it_was_asked_for() -> None:
    """Between the marks lies the start of the load's processes too; all times are whole or have one digit."""
    asked = {"phase": [{"name": "load", "warmup": "2.5s"}, {"name": "plain", "warmup": "0s"}]}
    phases = [
        a_phase("load", 0, 30.02, measured_at=START + 3.841465),
        a_phase("plain", 31, 36.6123, measured_at=START + 32.4),
        a_phase("unknown", 40, 50, measured_at=START + 41.26),
    ]
    rows = measured.prepare(a_story(a_judged(a_run(phases=phases, config=asked).record)))["load"].rows
    assert [tuple(cell.text for cell in row[3:5]) for row in rows] == [
        ("2.5 s", "26 s"),
        ("none", "4.2 s"),
        ("1.3 s", "8.7 s"),
    ]


def test_a_finding_that_the_run_after_has_not_is_gone() -> None:
    one, other = (Finding("rule", title, (), None, "fix") for title in ("one", "other"))
    story = a_story(a_judged(findings=(other,)), before=a_judged(findings=(one, other)))
    cards = findings.prepare(story)
    assert cards is not None
    assert [(card["title"], card["seen"]) for card in cards["cards"]] == [("one", "gone"), ("other", "still there")]


def test_a_kind_of_error_that_did_not_occur_is_zero_only_where_requests_were_counted() -> None:
    """Before, 3 timed out; after, one endpoint was asked without a time-out and the other was never asked."""
    scopes = [Scope(endpoint, "one", kind="timeout") for endpoint in ("Asked", "Not asked")]
    before = a_judged(metrics=tuple(a_metric("errors.count", 3.0, scope=scope) for scope in scopes))
    after = a_judged(metrics=(a_metric("requests.count", 9.0, "Asked", "one"),))
    told = errors.prepare(a_story(after, before=before))
    assert told is not None
    assert [[cell.text for cell in row[3:]] for row in told["table"].rows] == [["3", "0"], ["3", "–"]]


def test_a_large_interval_is_told_in_factors() -> None:
    """−99.9% to −99.8% would hide that one end is twice the other."""
    change = Change("latency.avg_ms", Scope(), 1.0, 1.0, -0.9985, (-0.999, -0.998), "improved", True, "")
    assert phrases.interval(change) == "500× to 1,000×"


def test_a_finding_says_where_it_costs_and_when_it_is_wrong() -> None:
    finding = Finding(
        "n_plus_one", "t", (), 1200.0, "f", endpoint="List", share=0.5, confidence="proven", unless="it is not"
    )
    told = findings.prepare(a_story(a_judged(findings=(finding,))))
    assert told is not None
    card = told["cards"][0]
    assert (card["impact"], card["facts"], card["unless"]) == ("1,200 ms of List (50%)", ["proven"], "it is not")


def test_where_the_time_goes_is_told_of_each_run_that_was_traced() -> None:
    """The parts of a request, and the statements that take a hundredth of it or more."""
    told = budget.prepare(replace(erp_story(), before=None))
    assert told is not None
    requests, statements = told["tables"]
    assert [cell.text for cell in requests.rows[0]][:7] == [
        "Quotations", "23%", "61.4 ms", "12.5 ms", "1.50 ms", "0.10 ms", "47.3 ms",
    ]  # fmt: skip
    assert [cell.text for cell in requests.rows[1]][-4:] == ["0", "0", "–", "–"]
    assert [row[0].text for row in statements.rows] == ["Quotations"]
    assert budget.prepare(a_story()) is None


def test_lock_wait_names_the_phase_under_load() -> None:
    """0 was looked for; a dash was not. The rest of the budget is of one request alone."""
    told = budget.prepare(erp_story())
    assert told is not None
    before, _, after, _ = told["tables"]
    assert [table.columns[-1].label for table in (before, after)] == ["Lock wait in concurrent"] * 2
    assert [[row[-1].text for row in table.rows] for table in (before, after)] == [["38.2 ms", "–"], ["0 ms", "–"]]


def test_a_statement_that_waits_for_locks_is_told_though_it_takes_no_time_alone() -> None:
    statement = TracedStatement("f", "UPDATE stock SET n = n - $1")
    quick = StatementShare(statement, 1.0, 0.01, 0.01, lock_wait_ms=50.0)
    others = tuple(StatementShare(TracedStatement(name, name), 1.0, 9.0, 9.0, 0.0) for name in "abc")
    spent = Budget("Order", 3, 40.0, 4.0, 27.0, 0.0, 0.0, 13.0, None, None, (*others, quick), lock_wait_ms=50.0)
    told = budget.prepare(a_story(a_judged(budgets=(spent,))))
    assert told is not None
    assert [row[1].text for row in told["tables"][1].rows] == ["a", "b", "c", "UPDATE stock SET n = n - $1"]


def test_advice_tells_what_each_index_does_to_whom() -> None:
    """With the interval, what writing pays, and the rest with the reasons."""
    told = advice.prepare(erp_story())
    assert told is not None
    (run,) = told["runs"]
    (card,) = run["cards"]
    assert [[cell.text for cell in row][3:] for row in card["table"].rows] == [
        ["765 ms", "4.11 ms", "185× faster", "164× to 204×"],
        ["21.4 ms", "24.9 ms", "+16.0%", "+8.00% to +24.0%"],
    ]
    assert card["table"].note == "As fast with it: 1 more of the statements that touch its table."
    assert [table.rows[0][-1].text for table in run["tables"]] == [
        "another index, or none, is better for the workload as a whole",
        "3 statements that touch its table ran as fast without it",
        "no parameters were captured",
    ]


def test_advice_that_found_nothing_says_so() -> None:
    told = advice.prepare(a_story(a_judged(advice=IndexAdvice(10.0))))
    assert told is not None
    assert told["runs"][0]["lead"].startswith("No index made the workload faster")
    assert advice.prepare(a_story()) is None


def test_a_column_that_stands_alone_says_of_which_group_it_is() -> None:
    """Only where its own name does not say it."""
    columns = (Column("Endpoint"), Column("Before", "Mean"), Column("Before", "Total"), Column("Change", "Total"))
    table = Table("", columns, ())
    assert [table.label(place) for place in range(4)] == ["Endpoint", "Mean, before", "Total, before", "Change"]


def test_endpoints_tell_of_how_many_requests_and_mark_percentiles_of_too_few() -> None:
    names = ("latency.avg_ms", "latency.p95_ms")
    sides = [a_judged(metrics=[a_metric(name, 5.0, "Home", "single", n=n) for name in names]) for n in (12, 30)]
    single, both = a_story(sides[0]), a_story(sides[1], before=sides[0])
    for story, n, cells in ((single, "n = 12", ["5.00 ms*"]), (both, "n = 12, 30", ["5.00 ms*", "5.00 ms"])):
        (table,) = (endpoints.prepare(story) or {})["tables"]
        assert table.rows[0][0].note == n
        places = [place for place, it in enumerate(table.columns) if "p95" in (it.group, it.label)]
        values = [table.rows[0][place].text for place in places]
        assert values == cells
        assert "* of so few requests" in table.note
