"""How far the planner's idea of the number of rows was off. Diagnoses nothing."""

from __future__ import annotations

from typing import Final

from perfkit.model import PlanNode

MIN_ROWS: Final = 1_000.0
JOINS: Final = ("Nested Loop", "Hash Join", "Merge Join")

_NO_ESTIMATE: Final = ("BitmapAnd", "BitmapOr")  # their actual rows are always 0


def factor(node: PlanNode) -> float:
    """How far the estimate is off, at least 1, by loop; less than one row counts as one."""
    planned = max(node.planned_rows / node.loops, 1.0)
    actual = max((node.actual_rows or 0.0) / node.loops, 1.0)
    return max(planned / actual, actual / planned)


def is_wrong(node: PlanNode, above: tuple[PlanNode, ...], min_factor: float) -> bool:
    """Whether the estimate is off by that factor, on enough rows, and not because a node above stopped reading."""
    if node.actual_rows is None or node.loops == 0 or node.kind in _NO_ESTIMATE:
        return False
    is_large = max(node.planned_rows, node.actual_rows) >= MIN_ROWS
    is_cut_short = node.actual_rows < node.planned_rows and any(_stops_early(one) for one in above)
    return is_large and factor(node) >= min_factor and not is_cut_short


def nearest_join(above: tuple[PlanNode, ...]) -> PlanNode | None:
    """The join that was chosen on the number of rows of a node below."""
    return next((one for one in reversed(above) if one.kind in JOINS), None)


def _stops_early(node: PlanNode) -> bool:
    return node.kind in ("Limit", "Merge Join") or node.details.get("Join Type") in ("Semi", "Anti")
