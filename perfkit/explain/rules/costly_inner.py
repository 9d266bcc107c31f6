"""The inner side of a nested loop is looked up so often that it would cost less to read its tables once.

Needs to know how large the tables are; says nothing where that is unknown. Does not apply below 1,000 turns, where the
turns read fewer than three times the pages that the tables have, where the inner side takes less than half of the
query, or where a Memoize or Materialize already keeps it.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.rule import cost, exclusive_ms, facts_on, inputs, is_worth, nodes, told
from perfkit.explain.rules.scans import pages
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "costly_inner"

MIN_TURNS: Final = 1_000
MIN_TIMES_READ: Final = 3
MIN_INNER_SHARE: Final = 0.5

_KEPT: Final = ("Memoize", "Materialize", "CTE Scan", "Function Scan")


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    joins = [node for node in nodes(plan.root) if node.kind == "Nested Loop" and len(inputs(node)) == 2]
    return [_finding(plan, join, times) for join in joins if (times := _times_read(plan, join)) is not None]


def _inner(join: PlanNode) -> PlanNode:
    return inputs(join)[1]


def _inner_ms(join: PlanNode) -> float:
    """What the turns took: the join without its outer side, as EXPLAIN rounds the time of one turn to a microsecond."""
    return exclusive_ms(join) - exclusive_ms(inputs(join)[0])


def _times_read(plan: QueryPlan, join: PlanNode) -> float | None:
    """How many times over the inner side's tables were read; None where that is no reason for a finding."""
    inner = _inner(join)
    relations = [node.relation for node in nodes(inner) if node.relation]
    known = [facts.pages for facts in (facts_on(plan, name) for name in relations) if facts]
    if inner.loops < MIN_TURNS or inner.kind in _KEPT or not relations or len(known) < len(relations):
        return None
    times = pages(inner) / max(sum(known), 1)
    return times if is_worth(_inner_ms(join), plan, MIN_INNER_SHARE) and times >= MIN_TIMES_READ else None


def _finding(plan: QueryPlan, join: PlanNode, times: float) -> Finding:
    inner = _inner(join)
    names = " and ".join(dict.fromkeys(node.relation for node in nodes(inner) if node.relation))
    ms = _inner_ms(join)
    evidence = (
        f"Nested Loop: the side of {names} ran {inner.loops:,.0f} times and read {units.count(pages(inner), 'page')},"
        f" {times:,.0f} times what the table has",
        cost(ms, plan, "in the inner side"),
    )
    is_lookup = not inner.children
    fix = (
        f"A hash join would read {names} once. See what keeps the planner from it: an estimate that is too low,"
        " too little work_mem, a random_page_cost below what the disk is worth, or a condition without =."
        if is_lookup
        else f"Work out what the inner side finds for all rows at once (GROUP BY, DISTINCT ON, a window function over"
        f" {names}), and join that, instead of once for each row (LATERAL, a view with a LIMIT or an aggregate)."
    )
    title = f"{names} is looked up {inner.loops:,.0f} times in a nested loop"
    return told(plan, inner, NAME, title, evidence, ms, fix)
