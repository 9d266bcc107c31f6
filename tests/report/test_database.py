"""The section of plans: which nodes, what is marked, what changed between two runs, and how large it may become."""

from __future__ import annotations

from dataclasses import replace

from perfkit.explain.diff import diffs
from perfkit.model import CapturedQuery, Finding
from perfkit.report import html
from perfkit.report.redaction import redacted
from perfkit.report.sections import database
from tests.builders import a_judged, a_run, a_story
from tests.explain.plans import Json, a_node, a_plan


def partitions(count: int) -> Json:
    scans = [
        a_node("Seq Scan", 1.0 + number, Relation_Name=f"orders_{number}", Filter="(key = 'secret'::text)")
        for number in range(count)
    ]
    return a_node("Append", 9000.0 + sum(one["Actual Total Time"] for one in scans), *scans)


def test_a_node_with_a_finding_is_marked_and_hot() -> None:
    finding = Finding("selective_seq_scan", "t", (), 9.0, "fix", fingerprint="f", node=(0,))
    root = a_node("Sort", 10.0, a_node("Seq Scan", 9.0, Relation_Name="t"))
    told = database.prepare(a_story(a_judged(plans=(a_plan(root),), findings=(finding,))))
    assert told is not None
    ((_, (plan,)),) = told["runs"]
    assert [(node["kind"], node["heat"], node["findings"]) for node in plan["nodes"]] == [
        ("Sort", 10, ()),
        ("Seq Scan", 90, ("selective_seq_scan",)),
    ]


def test_what_changed_between_the_runs_is_a_table_and_has_no_literal() -> None:
    before = a_plan(a_node("Seq Scan", 90.0, Relation_Name="t", Filter="(key = 'secret'::text)"))
    after = a_plan(
        a_node("Index Scan", 1.0, Relation_Name="t", Index_Name="t_key", Index_Cond="(key = 'secret'::text)")
    )
    story = a_story(a_judged(plans=(after,)), before=a_judged(plans=(before,)))
    page = html.render(redacted(replace(story, plan_diffs=diffs([before], [after]))))
    assert "Seq Scan on t → Index Scan on t using t_key" in page
    assert "secret" not in page


def test_a_plan_that_is_the_same_says_so() -> None:
    plan = a_plan(a_node("Seq Scan", 90.0, Relation_Name="t"))
    story = a_story(a_judged(plans=(plan,)), before=a_judged(plans=(plan,)))
    assert "The plan is the same." in html.render(replace(story, plan_diffs=diffs([plan], [plan])))


def test_of_a_plan_of_many_partitions_the_hottest_nodes_are_shown() -> None:
    """Ten statements on a thousand partitions each, before and after, must not outgrow the report."""
    plans = tuple(replace(a_plan(partitions(1000)), fingerprint=f"f{number}") for number in range(5))
    other = tuple(replace(a_plan(a_node("Result", 1.0)), fingerprint=plan.fingerprint) for plan in plans)
    story = a_story(a_judged(plans=plans), before=a_judged(plans=other))
    story = replace(story, plan_diffs=diffs(other, plans))
    page = html.render(redacted(story))
    assert "921 nodes that took least are left out" in page
    assert "orders_999" in page
    assert "orders_0<" not in page
    assert len(page.encode()) < 500_000


def test_how_statements_were_captured_stands_below_them() -> None:
    """Means of all users are no longest time; and what one run calls otherwise is not new."""
    query = CapturedQuery("f", "SELECT 1", 3, 9.0, 3.0, None, phases={"single": 3}, users={"app": 2, "report": 1})
    plain = a_run().record
    told = {
        name: a_judged(
            replace(plain, provenance={"capture": {"source": name, "fingerprints": "own"}}), queries=(query,)
        )
        for name in ("statements", "log")
    }
    values = database.prepare(a_story(told["statements"], before=told["log"]))
    assert values is not None
    assert values["table"].rows[0][0].note == "single 3×; by app 2×, report 1×"
    assert "captured from 'log' before and 'statements' after" in values["table"].note
    assert "it tells no longest time" in values["table"].note
