"""A whole table is read to keep a few of its rows.

Does not apply to a small table, to a scan that hardly takes any of the query's time, nor where a good part of the rows
is wanted: there reading all of it is the fastest way. The index is a candidate, as nothing here has tried it.
"""

from __future__ import annotations

import math
from typing import Final

from perfkit.explain.rules.conditions import comparisons
from perfkit.explain.rules.rule import MIN_SHARE, nodes, quoted, share_of
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "selective_seq_scan"

MIN_PAGES: Final = 1_000
MIN_ROWS: Final = 50_000  # what 1,000 pages of narrow rows hold, for a plan without buffers
MAX_SELECTIVITY: Final = 0.05

_PAGES: Final = ("Shared Hit Blocks", "Shared Read Blocks", "Local Hit Blocks", "Local Read Blocks")


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node in nodes(plan.root) if node.kind == "Seq Scan" and _is_wasteful(plan, node)]


def _is_wasteful(plan: QueryPlan, node: PlanNode) -> bool:
    read = _rows_read(node)
    if read == 0 or node.actual_rows is None or "Filter" not in node.details:
        return False
    is_large = _pages(node) >= MIN_PAGES if _PAGES[0] in node.details else read >= MIN_ROWS
    is_selective = node.actual_rows / read < MAX_SELECTIVITY
    return is_large and is_selective and share_of(node.exclusive_ms, plan) >= MIN_SHARE


def _pages(node: PlanNode) -> int:
    """Pages looked at, over all loops and processes."""
    return sum(node.details.get(key, 0) for key in _PAGES)


def _rows_read(node: PlanNode) -> float:
    removed_a_loop = float(node.details.get("Rows Removed by Filter", 0))
    return (node.actual_rows or 0.0) + removed_a_loop * node.loops


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    columns = _index_columns(node)
    table = node.relation or "?"
    read, kept = _shown(_rows_read(node), node.loops), f"{node.actual_rows:,.0f}"
    return Finding(
        rule=NAME,
        title=f"{table} is read whole to keep {kept} of {read} rows",
        evidence=(
            f"Seq Scan on {table}: {read} rows and {_pages(node):,} pages read, {kept} rows kept",
            f"Filter: {redact_literals(str(node.details['Filter']))}",
            f"{node.exclusive_ms or 0:,.1f} ms of its own, {share_of(node.exclusive_ms, plan):.0%} of the query",
        ),
        impact_ms=node.exclusive_ms,
        fix=_fix(table, columns),
        sql=f"CREATE INDEX CONCURRENTLY ON {quoted(table)} ({', '.join(columns)});" if columns else None,
        fingerprint=plan.fingerprint,
    )


def _shown(rows: float, loops: float) -> str:
    """Rows over all loops. EXPLAIN rounds the mean of a loop, so the sum is only good to about the number of loops."""
    return f"{rows:,.0f}" if loops <= 1 else f"about {round(rows, -math.ceil(math.log10(loops))):,.0f}"


def _index_columns(node: PlanNode) -> list[str]:
    """Columns compared for equality, then with a list, then one with a range; none where the filter is not plain."""
    found = comparisons(str(node.details["Filter"]), node.details.get("Alias")) or []
    by_kind = [one.column for kind in ("equality", "list") for one in found if one.kind == kind]
    columns = list(dict.fromkeys(by_kind))
    ranged = {one.column for one in found if one.kind == "range"} - set(columns)
    return columns + (list(ranged) if len(ranged) == 1 else [])


def _fix(table: str, columns: list[str]) -> str:
    if columns:
        return (
            f"A candidate, not verified: an index on {table} ({', '.join(columns)})."
            " Check that there is none yet, and measure again with it."
        )
    return (
        f"The filter on {table} does not compare plain columns with values, so no index can be named from it:"
        " look for one on the expression, or write the condition so that a column stands alone."
    )
