"""How long each node of a plan took, in all and without its children. Knows how EXPLAIN counts time; judges nothing.

What EXPLAIN prints is a mean per loop, and three things stand in the way of "a node minus its children":

* Under a Gather several processes run the same node at once, and each of its runs is a loop. Wall time is the sum over
  all loops divided by the number of processes.
* An InitPlan or a CTE hangs below the node that declares it, but runs inside the first node that asks for it, whose
  time contains it. Its time is taken from that node, and not a second time from the one above it. What workers ask
  for, their Gather has worked out before it starts them.
* Times are rounded per loop, so children may seem to take longer than their parent. Nothing takes less than nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Times:
    """By node of the JSON: total and exclusive time in ms; empty where the plan was made with TIMING OFF."""

    _total: dict[int, float] = field(default_factory=dict)
    _exclusive: dict[int, float] = field(default_factory=dict)

    def total_ms(self, node: Json) -> float | None:
        return self._total.get(id(node))

    def exclusive_ms(self, node: Json) -> float | None:
        own = self._exclusive.get(id(node))
        return None if own is None else max(own, 0.0)


def times_of(root: Json) -> Times:
    """The times of a plan's nodes. They are known by identity: ask with the objects of this very tree."""
    if any("Actual Total Time" not in node for node in _all(root)):
        return Times()
    times = Times()
    _fill_totals(root, 1.0, times._total)
    for node in _all(root):
        below = sum(times._total[id(child)] for child in _children(node) if not _is_lazy(child))
        times._exclusive[id(node)] = times._total[id(node)] - below
    for node in _all(root):
        for child in filter(_is_lazy, _children(node)):
            _charge(node, child, times)
    return times


def _children(node: Json) -> list[Json]:
    return list(node.get("Plans", ()))


def _all(node: Json) -> Iterator[Json]:
    yield node
    for child in _children(node):
        yield from _all(child)


def _fill_totals(node: Json, processes: float, totals: dict[int, float]) -> None:
    """`processes` is how many ran this node at once, the leader too where it took part."""
    totals[id(node)] = float(node["Actual Total Time"]) * float(node["Actual Loops"]) / processes
    for child in _children(node):
        starts_workers = _is_gather(node) and not _is_lazy(child)
        _fill_totals(child, _processes_under(node, child) if starts_workers else processes, totals)


def _processes_under(gather: Json, child: Json) -> float:
    """Every process that takes part runs the child once for each loop of the Gather."""
    return max(1.0, float(child["Actual Loops"]) / max(1.0, float(gather["Actual Loops"])))


def _is_gather(node: Json) -> bool:
    return node["Node Type"] in ("Gather", "Gather Merge")


def _is_lazy(node: Json) -> bool:
    """An InitPlan, which a CTE is too. A SubPlan is none: it runs inside the node that it hangs below."""
    return node.get("Parent Relationship") == "InitPlan"


def _charge(declarer: Json, lazy: Json, times: Times) -> None:
    """Take the time of an InitPlan or CTE from the nodes that it ran in.

    Several may have asked for its rows by turns, and EXPLAIN does not say which: the one with most time of its own
    first. Where nobody is seen to ask (output columns are not printed), it was the declarer.
    """
    remaining = times._total[id(lazy)]
    askers = sorted(_askers(declarer, lazy, None), key=lambda node: times._exclusive[id(node)], reverse=True)
    for node in [*askers, declarer]:
        share = min(remaining, max(times._exclusive[id(node)], 0.0))
        times._exclusive[id(node)] -= share
        remaining -= share


def _askers(node: Json, lazy: Json, gather: Json | None) -> Iterator[Json]:
    if node is lazy:
        return
    if _asks_for(node, lazy):
        yield gather or node
    for child in _children(node):
        yield from _askers(child, lazy, gather or (node if _is_gather(node) else None))


def _asks_for(node: Json, lazy: Json) -> bool:
    name = str(lazy.get("Subplan Name", ""))
    if name.startswith("CTE "):
        return node["Node Type"] == "CTE Scan" and node.get("CTE Name") == name.removeprefix("CTE ")
    return any(_mentions(value, _reference(name)) for key, value in node.items() if key != "Plans")


def _reference(subplan_name: str) -> re.Pattern[str]:
    """An InitPlan in a condition: `$0` up to PostgreSQL 16 ("InitPlan 1 (returns $0)"), `(InitPlan 1).col1` from 17."""
    returned = re.findall(r"\$\d+", subplan_name)
    if returned:
        return re.compile("|".join(rf"{re.escape(one)}(?!\d)" for one in returned))
    return re.compile(rf"\({re.escape(subplan_name)}\)")


def _mentions(value: Any, reference: re.Pattern[str]) -> bool:
    if isinstance(value, str):
        return reference.search(value) is not None
    return isinstance(value, list) and any(_mentions(item, reference) for item in value)
