"""Where a measured plan lost its time, by table. Reads plan nodes; names no index."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from perfkit.explain.advise.asked.condition import Condition
from perfkit.explain.rules.conditions import comparisons
from perfkit.explain.rules.rule import exclusive_ms, paths
from perfkit.model import PlanNode, QueryPlan

MIN_SHARE: Final = 0.02

_NUMBER: Final = re.compile(r"_\d+\Z")
_JOINS: Final = ("Nested Loop", "Hash Join", "Merge Join")


@dataclass(frozen=True, slots=True)
class Loss:
    """What reading a table cost in one execution, and the sentence that says how."""

    relation: str
    ms: float
    share: float
    said: str


def losses(plan: QueryPlan, whole: Callable[[str], str] = str) -> Mapping[str, Loss]:
    """The loss of each table whose reading, or sorting, took a part of the plan's time worth mentioning.

    The largest where a table is read in several places; of a partitioned table (`whole` knows it) all partitions'.
    """
    total = exclusive_ms(plan.root) or 1.0
    found: dict[str, Loss] = {}
    for node, above in paths(plan.root):
        if node.relation is None:
            continue
        name = whole(node.relation)
        known, is_part = found.get(name), name != node.relation
        ms = node.exclusive_ms or 0.0
        if known is None or not is_part:  # one sort is above all partitions
            ms += _sorting_ms(node, above, is_part=is_part)
        said = _said(node, above) if known is None or known.ms < ms else known.said
        if known is not None and is_part:
            ms += known.ms
        if known is None or known.ms < ms:
            found[name] = Loss(name, ms, ms / total, said)
    return {name: loss for name, loss in found.items() if loss.share >= MIN_SHARE}


def filtered(plan: QueryPlan) -> Mapping[str, tuple[Condition, ...]]:
    """By table, the comparisons with values in its scans' own filters: what the plan says where the text cannot be
    read, or names a view."""
    found: dict[str, tuple[Condition, ...]] = {}
    for node, _ in paths(plan.root):
        text = node.details.get("Filter")
        if node.relation is not None and text and _removed(node) > 0:
            told = comparisons(str(text), node.details.get("Alias")) or []
            plain = tuple(Condition(one.kind, column=_unquoted(one.column)) for one in told)
            if plain:
                found[node.relation] = plain
    return found


def _sorting_ms(node: PlanNode, above: tuple[PlanNode, ...], *, is_part: bool = False) -> float:
    """What sorts above took whose keys are all of this table; a partition's alias is the table's with a number."""
    alias = str(node.details.get("Alias", node.relation))
    if is_part:
        alias = _NUMBER.sub("", alias)
    return sum(one.exclusive_ms or 0.0 for one in above if one.kind.endswith("Sort") and _sorts_only(one, alias))


def _sorts_only(node: PlanNode, alias: str) -> bool:
    """EXPLAIN leaves the alias out where there is one table only."""
    keys = [str(key) for key in node.details.get("Sort Key", ())]
    return bool(keys) and all("." not in key or key.startswith(f"{alias}.") for key in keys)


def _said(node: PlanNode, above: tuple[PlanNode, ...]) -> str:
    kept, removed = node.actual_rows or 0.0, _removed(node)
    words = [f"{node.kind} on {node.relation}"]
    if removed > 0:
        words.append(f"reads {kept + removed:,.0f} rows to keep {kept:,.0f}")
    else:
        words.append(f"reads {kept:,.0f} rows")
    if node.loops > 1:
        words.append(f"in {node.loops:,.0f} loops")
    words += list(_why(node, above))
    return " ".join(words) + f", {node.exclusive_ms or 0.0:,.1f} ms"


def _why(node: PlanNode, above: tuple[PlanNode, ...]) -> Iterator[str]:
    alias = str(node.details.get("Alias", node.relation))
    if any(one.details.get("Parent Relationship") == "SubPlan" for one in (*above, node)):
        yield "for a correlated SubPlan"
    if any(one.kind == "Limit" for one in above) and _sorting_ms(node, above):
        yield "to sort them for a LIMIT"
    elif any(one.kind.endswith("Sort") and _sorts_only(one, alias) for one in above):
        yield "to sort them"
    join = next((one for one in reversed(above) if one.kind in _JOINS), None)
    if join is not None:
        yield f"for a {join.kind}"


def _removed(node: PlanNode) -> float:
    keys = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(float(node.details.get(key, 0)) for key in keys) * node.loops


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
