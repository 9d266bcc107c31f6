"""A plan as lines: what a node is called, where its time and pages went, how far its estimate is off."""

from __future__ import annotations

from dataclasses import replace

from perfkit import plan_lines
from perfkit.explain.diff import diff
from perfkit.model import Finding, Jit, Serialization, Trigger
from tests.explain.plans import a_node, a_plan

CTE = a_node("Aggregate", 5.0, Parent_Relationship="InitPlan", Subplan_Name="CTE c", Shared_Hit_Blocks=40)
SCAN = a_node("CTE Scan", 6.0, CTE_Name="c", Shared_Hit_Blocks=40, Temp_Written_Blocks=3)
JOIN = a_node("Hash Join", 20.0, CTE, SCAN, a_node("Seq Scan", 4.0, loops=0, Relation_Name="t"), Join_Type="Left")
PLAN = a_plan(JOIN | {"Shared Hit Blocks": 45, "Temp Written Blocks": 3, "Plan Rows": 10, "Actual Rows": 300})


def test_a_node_is_called_by_what_it_is_and_reads() -> None:
    assert [(line.depth, line.kind, line.on) for line in plan_lines.lines(PLAN)] == [
        (0, "Hash Join (Left)", ""),
        (1, "CTE c: Aggregate", ""),
        (1, "CTE Scan", "c"),
        (1, "Seq Scan", "t"),
    ]


def test_time_and_pages_are_those_of_the_node_alone() -> None:
    root, cte, scan, never = plan_lines.lines(PLAN)
    assert (root.alone, root.share, root.pages) == ("14.0 ms", 0.7, "0")
    assert (cte.pages, scan.pages) == ("40", "0")
    assert (root.details, scan.details) == ((), ("Temp Written Blocks: 3",))
    assert (never.alone, never.total) == ("never executed", "–")


def test_an_estimate_that_is_far_off_is_told() -> None:
    assert [line.off for line in plan_lines.lines(PLAN)] == ["30× more", "", "", ""]


def test_a_node_names_the_findings_about_it() -> None:
    here, other = (Finding("r", "t", (), 1.0, "fix", fingerprint=of, node=(1,)) for of in ("f", "g"))
    assert [line.findings for line in plan_lines.lines(PLAN, [here, other])] == [(), (), ("r",), ()]


def test_what_stands_outside_the_tree_is_told() -> None:
    plan = replace(
        PLAN,
        execution_ms=40.0,
        triggers=(Trigger(None, "fk", "t", 9, 7.5),),
        jit=Jit(4, 2.0),
        serialization=Serialization(3.0, 12),
    )
    assert plan_lines.facts(plan) == [
        "execution 40.0 ms",
        "trigger fk 7.50 ms (9 calls)",
        "rows made into text 3.00 ms (12 kB)",
        "JIT 2.00 ms (4 functions)",
        "PostgreSQL 18.1",
    ]


def test_of_a_difference_only_what_counts_is_told() -> None:
    """Nodes that are done in another way, and times that differ by a fifth of the whole."""
    old = a_node(
        "Sort", 100.0, a_node("Seq Scan", 60.0, Relation_Name="t"), a_node("Seq Scan", 30.0, Relation_Name="u")
    )
    new = a_node(
        "Sort", 60.0, a_node("Index Scan", 1.0, Relation_Name="t"), a_node("Seq Scan", 55.0, Relation_Name="u")
    )
    found = plan_lines.changed(diff(a_plan(old), a_plan(new)))
    assert [(plan_lines.word(one), plan_lines.what(one)) for one in found] == [
        ("changed", "Seq Scan on t → Index Scan on t"),
        ("slower", "Seq Scan on u"),
    ]
