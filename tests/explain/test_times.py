"""Each millisecond of a plan belongs to exactly one node. The expected times are worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.explain.plans import Json, a_node, a_plan, exclusive, walk


def test_a_node_without_its_children() -> None:
    plan = a_plan(a_node("Hash Join", 10.0, a_node("Seq Scan", 4.0), a_node("Hash", 3.0, a_node("Seq Scan", 2.5))))
    assert exclusive(plan) == [3.0, 4.0, 0.5, 2.5]


def test_times_and_rows_of_a_node_are_means_of_its_loops() -> None:
    inner = a_node("Index Scan", 0.005, loops=1000, rows=2)
    plan = a_plan(a_node("Nested Loop", 10.0, a_node("Seq Scan", 2.0), inner))
    assert exclusive(plan) == [3.0, 2.0, 5.0]
    assert (plan.root.children[1].total_ms, plan.root.children[1].actual_rows) == (5.0, 2000.0)


def test_under_a_gather_three_processes_work_at_once() -> None:
    """30 ms of wall time, of which the workers' scan is 24: not 3 × 24."""
    scan = a_node("Seq Scan", 24.0, loops=3, rows=100)
    plan = a_plan(a_node("Gather", 30.0, scan, Workers_Launched=2))
    assert exclusive(plan) == [6.0, 24.0]
    assert plan.root.children[0].actual_rows == 300.0


def test_loops_inside_of_workers_are_shared_out_among_them() -> None:
    """Each of three processes runs the join once (20 ms) and its inner side 100 times at 0.1 ms."""
    join = a_node("Nested Loop", 20.0, a_node("Seq Scan", 5.0, loops=3), a_node("Index Scan", 0.1, loops=300), loops=3)
    assert exclusive(a_plan(a_node("Gather", 22.0, join))) == [2.0, 5.0, 5.0, 10.0]


def test_a_gather_that_is_run_again_and_again() -> None:
    gather = a_node("Gather", 4.0, a_node("Seq Scan", 3.0, loops=20), loops=10)
    plan = a_plan(a_node("Nested Loop", 50.0, a_node("Seq Scan", 1.0), gather))
    assert exclusive(plan) == [9.0, 1.0, 10.0, 30.0]


def test_a_node_that_only_one_of_the_processes_ran() -> None:
    append = a_node("Append", 10.0, a_node("Seq Scan", 12.0, loops=1), a_node("Seq Scan", 9.0, loops=1), loops=2)
    assert exclusive(a_plan(a_node("Gather", 11.0, append))) == [1.0, 0.0, 6.0, 4.5]


@pytest.mark.parametrize(
    ("name", "condition"),
    [("InitPlan 1 (returns $0)", "(x > $0)"), ("InitPlan 1", "(x > (InitPlan 1).col1)")],
)
def test_an_init_plan_ran_inside_the_node_that_asks_for_it(name: str, condition: str) -> None:
    init = a_node("Aggregate", 6.0, Parent_Relationship="InitPlan", Subplan_Name=name)
    plan = a_plan(a_node("Aggregate", 20.0, init, a_node("Seq Scan", 18.0, Filter=condition)))
    assert exclusive(plan) == [2.0, 6.0, 12.0]


def test_the_tenth_init_plan_is_not_taken_for_the_first() -> None:
    init = a_node("Result", 6.0, Parent_Relationship="InitPlan", Subplan_Name="InitPlan 1 (returns $1)")
    scans = a_node("Seq Scan", 9.0, Filter="(x > $10)"), a_node("Seq Scan", 7.0, Filter="(x > $1)")
    assert exclusive(a_plan(a_node("Append", 16.0, init, *scans))) == [0.0, 6.0, 9.0, 1.0]


def test_an_init_plan_that_nobody_is_seen_to_ask_for_ran_in_its_declarer() -> None:
    init = a_node("Aggregate", 6.0, Parent_Relationship="InitPlan", Subplan_Name="InitPlan 1")
    assert exclusive(a_plan(a_node("Result", 10.0, init, a_node("Seq Scan", 3.0)))) == [1.0, 6.0, 3.0]


def test_an_init_plan_that_workers_ask_for_ran_in_their_gather() -> None:
    init = a_node("Aggregate", 6.0, Parent_Relationship="InitPlan", Subplan_Name="InitPlan 1")
    scan = a_node("Seq Scan", 9.0, loops=3, Filter="(x > (InitPlan 1).col1)")
    plan = a_plan(a_node("Aggregate", 20.0, init, a_node("Gather", 19.0, scan)))
    assert exclusive(plan) == [1.0, 6.0, 4.0, 9.0]


def test_a_cte_ran_inside_the_first_scan_of_it_and_only_there() -> None:
    cte = a_node("Aggregate", 15.0, Parent_Relationship="InitPlan", Subplan_Name="CTE totals")
    first = a_node("CTE Scan", 16.0, CTE_Name="totals")
    second = a_node("Hash", 1.5, a_node("CTE Scan", 1.0, CTE_Name="totals"))
    assert exclusive(a_plan(a_node("Hash Join", 20.0, cte, first, second))) == [2.5, 15.0, 1.0, 0.5, 1.0]


def test_a_cte_that_two_scans_pulled_by_turns_is_taken_from_both() -> None:
    cte = a_node("Seq Scan", 10.0, Parent_Relationship="InitPlan", Subplan_Name="CTE c")
    scans = a_node("CTE Scan", 7.0, CTE_Name="c"), a_node("CTE Scan", 4.0, CTE_Name="c")
    assert exclusive(a_plan(a_node("Append", 11.5, cte, *scans))) == [0.5, 10.0, 0.0, 1.0]


def test_a_subplan_ran_inside_the_node_that_it_hangs_below() -> None:
    sub = a_node("Aggregate", 2.0, loops=4, Parent_Relationship="SubPlan", Subplan_Name="SubPlan 1")
    assert exclusive(a_plan(a_node("Seq Scan", 10.0, sub))) == [2.0, 8.0]


def test_a_node_that_was_never_executed_took_nothing() -> None:
    plan = a_plan(a_node("Append", 1.0, a_node("Seq Scan", 0.0, loops=0, rows=0)))
    assert exclusive(plan) == [1.0, 0.0]
    assert plan.root.children[0].actual_rows == 0.0


def test_rounding_never_makes_a_time_negative() -> None:
    assert exclusive(a_plan(a_node("Nested Loop", 1.0, a_node("Index Scan", 0.003, loops=400)))) == [0.0, 1.2]


def test_with_timing_off_there_are_no_times() -> None:
    plan = a_plan(a_node("Sort", None, a_node("Seq Scan", None, rows=7)))
    assert exclusive(plan) == [None, None]
    assert (plan.root.total_ms, plan.root.children[0].actual_rows) == (None, 7.0)


def test_fractional_rows_of_a_loop_are_whole_rows_in_all() -> None:
    """PostgreSQL 18 tells the mean to two digits: a row found by one of three processes is 0.33."""
    plan = a_plan(a_node("Gather", 2.0, a_node("Seq Scan", 1.0, loops=3, rows=0.33)))
    assert plan.root.children[0].actual_rows == 1.0


own = st.integers(0, 10_000).map(lambda microseconds: microseconds / 1000)


@st.composite
def serial_plans(draw: st.DrawFn, depth: int = 4) -> Json:
    children = draw(st.lists(serial_plans(depth - 1), max_size=3)) if depth else []
    loops = draw(st.sampled_from([1, 1, 2, 8]))
    whole = draw(own) + sum(child["Actual Total Time"] * child["Actual Loops"] for child in children)
    return a_node("Append", whole / loops, *children, loops=loops)


@given(serial_plans())
def test_exclusive_times_of_a_serial_plan_add_up_to_the_whole(root: Json) -> None:
    plan = a_plan(root)
    times = [node.exclusive_ms or 0.0 for node in walk(plan.root)]
    assert sum(times) == pytest.approx(plan.root.total_ms)
    assert min(times) >= 0.0


class Node:
    """A node with a time of its own, what it asks for and what runs in it: totals are made from that, not drawn."""

    def __init__(self, kind: str, own: float, kids: list[Node] | None = None, processes: int = 1) -> None:
        self.kind, self.own, self.kids, self.processes = kind, own, kids or [], processes
        self.lazies: list[Node] = []  # declared here
        self.runs: list[Node] = []  # asked for here first
        self.asks: list[int] = []

    def total(self) -> float:
        return self.own + sum(one.total() for one in [*self.kids, *self.runs])

    def json(self) -> Json:
        lazies = [
            one.json() | {"Parent Relationship": "InitPlan", "Subplan Name": f"InitPlan {number}"}
            for number, one in enumerate(self.lazies, start=1)
        ]
        kids = [one.json() for one in self.kids]
        node = a_node(self.kind, self.total(), *lazies, *kids, loops=self.processes)
        filters = [f"(x > (InitPlan {number}).col1)" for number in self.asks]
        return node | ({"Filter": " AND ".join(filters)} if filters else {})

    def leaves(self, gather: Node | None = None) -> list[tuple[Node, Node]]:
        """Each leaf with the node that an InitPlan runs in when the leaf asks for it: its Gather, where it has one."""
        inside = gather or (self if self.kind == "Gather" else None)
        return [pair for kid in self.kids for pair in kid.leaves(inside)] if self.kids else [(self, inside or self)]


def a_part(draw: st.DrawFn, processes: int = 1) -> Node:
    def leaf() -> Node:
        return Node("Seq Scan", draw(own), None, processes)

    kids = [leaf() for _ in range(draw(st.integers(1, 3)))]
    part = Node("Append", draw(own), kids, processes)
    return part if processes > 1 else Node("Append", draw(own), [part, leaf()])


@st.composite
def plans_with_workers_and_init_plans(draw: st.DrawFn) -> Node:
    """A Gather or two, and InitPlans that any leaf asks for: also one that runs in a later InitPlan."""
    parts = [a_part(draw) for _ in range(draw(st.integers(1, 2)))]
    parts += [Node("Gather", draw(own), [a_part(draw, 3)]) for _ in range(draw(st.integers(0, 2)))]
    root = Node("Append", draw(own), parts)
    root.lazies = [a_part(draw) for _ in range(draw(st.integers(0, 3)))]
    for number, lazy in enumerate(root.lazies):
        places = [*root.leaves(), *(pair for later in root.lazies[number + 1 :] for pair in later.leaves())]
        askers = draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique_by=lambda pair: id(pair[0])))
        for leaf, _ in askers:
            leaf.asks.append(number + 1)
        askers[0][1].runs.append(lazy)
    return root


@given(plans_with_workers_and_init_plans())
def test_exclusive_times_of_any_plan_add_up_to_the_whole(root: Node) -> None:
    """Whichever node asked first, each millisecond is counted once."""
    plan = a_plan(root.json())
    times = [node.exclusive_ms or 0.0 for node in walk(plan.root)]
    assert sum(times) == pytest.approx(root.total(), abs=1e-6)
    assert min(times) >= 0.0


def test_an_init_plan_that_reads_a_cte_contains_it() -> None:
    """The scan outside waits for the InitPlan, whose own scan ran the CTE: 20 + 5 of the 27 ms are not the outer's."""
    cte = a_node("Aggregate", 20.0, Parent_Relationship="InitPlan", Subplan_Name="CTE c")
    asked = a_node("Aggregate", 25.0, a_node("CTE Scan", 24.0, CTE_Name="c"), Parent_Relationship="InitPlan")
    asked["Subplan Name"] = "InitPlan 2"
    outer = a_node("CTE Scan", 27.0, CTE_Name="c", Filter="(n > (InitPlan 2).col1)")
    assert exclusive(a_plan(a_node("Limit", 27.5, cte, asked, outer))) == [0.5, 20.0, 1.0, 4.0, 2.0]
