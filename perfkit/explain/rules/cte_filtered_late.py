"""A WITH query is worked out whole, and nearly all of its rows are thrown away where it is used.

Does not apply below 1,000 rows, where more than 5 % are used, where one use has no filter, where it hardly takes any of
the query's time, nor to a recursive WITH, one that changes data, or one that is cut by a LIMIT.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, exclusive_ms, is_worth, nodes, told
from perfkit.explain.rules.scans import MAX_SELECTIVITY, rows_read
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "cte_filtered_late"

MIN_ROWS: Final = 1_000

_FIXED: Final = ("Recursive Union", "ModifyTable", "Limit")


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    ctes = {
        str(node.details["Subplan Name"]).removeprefix("CTE "): node
        for node in nodes(plan.root)
        if str(node.details.get("Subplan Name", "")).startswith("CTE ")
    }
    return [_finding(plan, name, cte, _uses(plan, name)) for name, cte in ctes.items() if _is_wasteful(plan, name, cte)]


def _uses(plan: QueryPlan, name: str) -> list[PlanNode]:
    return [node for node in nodes(plan.root) if node.kind == "CTE Scan" and node.details.get("CTE Name") == name]


def _ms(cte: PlanNode, uses: list[PlanNode]) -> float:
    return exclusive_ms(cte) + sum(use.exclusive_ms or 0.0 for use in uses)


def _is_wasteful(plan: QueryPlan, name: str, cte: PlanNode) -> bool:
    uses = _uses(plan, name)
    read, kept = sum(map(rows_read, uses)), sum(use.actual_rows or 0.0 for use in uses)
    return (
        bool(uses)
        and all("Filter" in use.details for use in uses)
        and not any(node.kind in _FIXED for node in nodes(cte))
        and (cte.actual_rows or 0.0) >= MIN_ROWS
        and kept < MAX_SELECTIVITY * read
        and is_worth(_ms(cte, uses), plan)
    )


def _finding(plan: QueryPlan, name: str, cte: PlanNode, uses: list[PlanNode]) -> Finding:
    kept = sum(use.actual_rows or 0.0 for use in uses)
    evidence = (
        f"WITH {name}: {cte.actual_rows:,.0f} rows worked out, {kept:,.0f} used in {len(uses)} places",
        *(f"Filter: {redact_literals(str(use.details['Filter']))}" for use in uses),
        cost(_ms(cte, uses), plan, "to work it out and to read it"),
    )
    fix = (
        f"Move the filter into the WITH query, or write WITH {name} AS NOT MATERIALIZED, so that the planner takes the"
        " filter to the tables and their indexes."
    )
    title = f"WITH {name} works out {cte.actual_rows:,.0f} rows, of which {kept:,.0f} are used"
    return told(plan, cte, NAME, title, evidence, _ms(cte, uses), fix)
