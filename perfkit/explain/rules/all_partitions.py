"""All partitions of a table are scanned, and the rows come out of few of them.

Does not apply below four scanned partitions, where more than a quarter of them have rows, or where the others hardly
take any of the query's time.
"""

from __future__ import annotations

import re
from typing import Final

from perfkit.explain.rules.rule import cost, exclusive_ms, inputs, is_worth, nodes, told
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "all_partitions"

MIN_PARTITIONS: Final = 4
MAX_SHARE_WITH_ROWS: Final = 0.25

_PARTITION: Final = re.compile(
    r"(.+)_\d+"
)  # PostgreSQL numbers the aliases of a table's partitions: orders_1, orders_2


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [
        _finding(plan, node)
        for node in nodes(plan.root)
        if node.kind in ("Append", "Merge Append") and _is_wasteful(node) and is_worth(_lost_ms(node), plan)
    ]


def _scanned(append: PlanNode) -> list[PlanNode]:
    return [child for child in inputs(append) if child.loops > 0]


def _empty(append: PlanNode) -> list[PlanNode]:
    return [child for child in _scanned(append) if not child.actual_rows]


def _lost_ms(append: PlanNode) -> float:
    return sum(exclusive_ms(child) for child in _empty(append))


def _parent(append: PlanNode) -> str | None:
    """The name that the aliases of all children have in common."""
    aliases = [next((str(it.details["Alias"]) for it in nodes(one) if it.relation), "") for one in inputs(append)]
    stems = {found[1] if (found := _PARTITION.fullmatch(alias)) else "" for alias in aliases}
    return stems.pop() if len(stems) == 1 and "" not in stems else None


def _is_wasteful(append: PlanNode) -> bool:
    scanned = len(_scanned(append))
    with_rows = scanned - len(_empty(append))
    return scanned >= MIN_PARTITIONS and with_rows <= MAX_SHARE_WITH_ROWS * scanned and _parent(append) is not None


def _finding(plan: QueryPlan, append: PlanNode) -> Finding:
    parent, scanned, empty = _parent(append), len(_scanned(append)), len(_empty(append))
    scan = next(node for node in nodes(append) if node.relation)
    condition = scan.details.get("Filter") or scan.details.get("Index Cond") or scan.details.get("Recheck Cond")
    evidence = (
        f"{append.kind}: {scanned} partitions of {parent} scanned, rows came from {scanned - empty}",
        f"Condition: {redact_literals(str(condition))}" if condition else "no condition",
        cost(_lost_ms(append), plan, "in partitions without a row"),
    )
    fix = (
        f"Add a condition on the partition key of {parent} to the statement, as a plain comparison with a value: only"
        " then are partitions left out. Where no statement has one, the table is partitioned by the wrong key."
    )
    title = f"All {scanned} partitions of {parent} are scanned for rows of {scanned - empty}"
    return told(plan, append, NAME, title, evidence, _lost_ms(append), fix)
