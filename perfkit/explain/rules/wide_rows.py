"""The result's rows are wide, and carrying them through the plan and making them into text takes time.

Does not apply to rows below 500 bytes, to a result below 1 MB, or where sorting, hashing and sending the wide rows
hardly takes any of the execution. The width is the planner's estimate.
"""

from __future__ import annotations

import re
from typing import Final

from perfkit.explain.rules.rule import is_worth_of_execution, nodes, share_of_execution, told
from perfkit.model import CapturedQuery, Finding, QueryPlan

NAME: Final = "wide_rows"

MIN_ROW_BYTES: Final = 500
MIN_RESULT_BYTES: Final = 1_000_000

_CARRIERS: Final = (
    "Sort", "Incremental Sort", "Hash", "Materialize", "Gather", "Gather Merge", "WindowAgg", "Unique",
)  # fmt: skip
_EVERYTHING: Final = re.compile(r"\bselect\s+(?:distinct\s+)?(?:\w+\.)?\*", re.IGNORECASE)


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    width, rows = int(plan.root.details.get("Plan Width", 0)), plan.root.actual_rows or 0.0
    ms = _ms(plan)
    if width < MIN_ROW_BYTES or width * rows < MIN_RESULT_BYTES or not is_worth_of_execution(ms, plan):
        return []
    carried = [node.kind for node in nodes(plan.root) if _carries(node.kind, node.details.get("Plan Width", 0))]
    through = f" through {', '.join(dict.fromkeys(carried))}" if carried else ""
    asks_for_all = query is not None and _EVERYTHING.search(query.statement) is not None
    evidence = (
        f"{rows:,.0f} rows of about {width:,} bytes, {rows * width / 1e6:,.1f} MB{through}",
        f"{ms:,.1f} ms for carrying them and making them into text,"
        f" {share_of_execution(ms, plan):.0%} of the execution",
        *(["the statement asks for *"] if asks_for_all else []),
    )
    fix = (
        "Select the columns that are used. Leave out long texts and documents in lists, and fetch them for the one row"
        " that is opened; sort and page by narrow columns first, then fetch the wide ones of that page."
    )
    title = f"{rows:,.0f} rows of {width:,} bytes each are carried to the client"
    return [told(plan, plan.root, NAME, title, evidence, ms, fix)]


def _carries(kind: str, width: int) -> bool:
    return kind in _CARRIERS and width >= MIN_ROW_BYTES


def _ms(plan: QueryPlan) -> float:
    sent = plan.serialization.time_ms if plan.serialization else None
    carriers = [node for node in nodes(plan.root) if _carries(node.kind, node.details.get("Plan Width", 0))]
    return (sent or 0.0) + sum(node.exclusive_ms or 0.0 for node in carriers)
