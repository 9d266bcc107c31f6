"""One process alone reads a large table, of which only a summary is wanted.

Does not apply below 5,000 pages, where the scan takes less than half of the query, where it keeps few rows (an index
helps more), or where most of its rows reach the client. Under load the cores may be busy with other requests: parallel
workers shorten one query and cost all others.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.rule import cost, facts_on, is_worth, nodes, told
from perfkit.explain.rules.scans import keeps_few, pages, rows_read
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "not_parallel"

MIN_PAGES: Final = 5_000
MIN_SCAN_SHARE: Final = 0.5
MAX_RESULT: Final = 0.01

_SETTING: Final = "max_parallel_workers_per_gather"


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    if any("Workers Planned" in node.details for node in nodes(plan.root)):
        return []
    return [_finding(plan, node) for node in nodes(plan.root) if _could_be(plan, node)]


def _could_be(plan: QueryPlan, node: PlanNode) -> bool:
    return (
        node.kind == "Seq Scan"
        and node.loops == 1
        and pages(node) >= MIN_PAGES
        and not keeps_few(node)
        and is_worth(node.exclusive_ms, plan, MIN_SCAN_SHARE)
        and (plan.root.actual_rows or 0.0) <= MAX_RESULT * rows_read(node)
    )


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    is_forbidden = plan.settings.get(_SETTING) == "0"
    facts = facts_on(plan, node.relation)
    result = units.count(plan.root.actual_rows or 0, "row")
    evidence = (
        f"Seq Scan on {node.relation}: {units.count(rows_read(node), 'row')} and {units.count(pages(node), 'page')}"
        " read by one process",
        f"{result} in the result",
        cost(node.exclusive_ms, plan),
        *([f"{_SETTING} = 0"] if is_forbidden else []),
        *([f"{facts.name} has {units.count(facts.pages, 'page')}"] if facts else []),
    )
    fix = (
        "A summary that is kept up to date, or an index that covers the columns, reads less. Else let this query, not"
        " the whole server, use parallel workers, if cores are idle under load: "
        + (
            f"{_SETTING} is 0."
            if is_forbidden
            else "look for what forbids them (a function that is not PARALLEL SAFE, a cursor, a data-modifying CTE)."
        )
    )
    sql = f"SET LOCAL {_SETTING} = 2;" if is_forbidden else None
    title = f"{node.relation} is read whole by one process for {result} of result"
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, fix, sql)
