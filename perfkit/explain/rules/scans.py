"""How much a scan reads, and how much of that is wanted. Knows what EXPLAIN counts; diagnoses nothing."""

from __future__ import annotations

import math
from typing import Final

from perfkit.explain.rules.conditions import Comparison
from perfkit.explain.rules.rule import count, is_worth
from perfkit.model import PlanNode, QueryPlan

MIN_PAGES: Final = 1_000
MIN_ROWS: Final = 50_000  # what 1,000 pages of narrow rows hold, for a plan without buffers
MAX_SELECTIVITY: Final = 0.05

_PAGES: Final = ("Shared Hit Blocks", "Shared Read Blocks", "Local Hit Blocks", "Local Read Blocks")


def pages(node: PlanNode) -> int:
    """Pages looked at by the node and all below it, over all loops and processes."""
    return sum(node.details.get(key, 0) for key in _PAGES)


def rows_read(node: PlanNode) -> float:
    """Rows that the scan looked at: those it kept, and those that its filter removed."""
    return (node.actual_rows or 0.0) + count(node, "Rows Removed by Filter")


def is_large(node: PlanNode) -> bool:
    return pages(node) >= MIN_PAGES if _PAGES[0] in node.details else rows_read(node) >= MIN_ROWS


def keeps_few(node: PlanNode) -> bool:
    """Whether less than MAX_SELECTIVITY of the rows that it looked at passed its filter."""
    read = rows_read(node)
    is_told = read > 0 and node.actual_rows is not None and "Filter" in node.details
    return is_told and (node.actual_rows or 0.0) / read < MAX_SELECTIVITY


def is_wasteful(plan: QueryPlan, node: PlanNode) -> bool:
    """A sequential scan of a large table that keeps few rows, and that takes a part of the time."""
    return node.kind == "Seq Scan" and is_large(node) and keeps_few(node) and is_worth(node.exclusive_ms, plan)


def shown(rows: float, loops: float) -> str:
    """Rows over all loops. EXPLAIN rounds the mean of a loop, so the sum is only good to about the number of loops."""
    return f"{rows:,.0f}" if loops <= 1 else f"about {round(rows, -math.ceil(math.log10(loops))):,.0f}"


def index_columns(found: list[Comparison]) -> list[str]:
    """Columns compared for equality, then with a list, then one with a range."""
    by_kind = [one.column for kind in ("equality", "list") for one in found if one.kind == kind]
    columns = list(dict.fromkeys(by_kind))
    ranged = {one.column for one in found if one.kind == "range"} - set(columns)
    return columns + (list(ranged) if len(ranged) == 1 else [])
