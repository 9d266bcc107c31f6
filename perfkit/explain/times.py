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
    lazy = [(node, child) for node in _all(root) for child in _children(node) if _is_lazy(child)]
    charged: dict[int, list[_Charge]] = {}
    for declarer, child in reversed(lazy):  # what asks for another one stands after it, and its time contains it
        charge = _Charge([*_by_own_time(declarer, child, times), declarer], {})
        _charge(charge, times._total[id(child)], times._exclusive, charged)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Charge:
    """Which nodes may have run an InitPlan or CTE, the likeliest first, and how much of it was taken from each."""

    candidates: list[Json]
    taken: dict[int, float]


def _by_own_time(declarer: Json, lazy: Json, times: Times) -> list[Json]:
    """Several may have asked for its rows by turns, and EXPLAIN does not say which: the one with most time first."""
    return sorted(_askers(declarer, lazy, None), key=lambda node: times._exclusive[id(node)], reverse=True)


def _charge(charge: _Charge, ms: float, exclusive: dict[int, float], charged: dict[int, list[_Charge]]) -> None:
    """Take the time of an InitPlan or CTE from the nodes that it ran in.

    Where nobody is seen to ask (output columns are not printed), it was the declarer, which is the last candidate.
    Where a node has less left than that, another one that was taken from it may have run elsewhere.
    """
    remaining = ms
    for node in charge.candidates:
        remaining -= _take(charge, id(node), remaining, exclusive, charged)
    for node in charge.candidates:
        for other in list(charged.get(id(node), ())):
            for elsewhere in other.candidates:
                moved = min(remaining, other.taken.get(id(node), 0.0))
                if other is not charge and elsewhere is not node and moved > 0:
                    moved = _take(other, id(elsewhere), moved, exclusive, charged)
                    other.taken[id(node)] -= moved
                    exclusive[id(node)] += moved
                    remaining -= _take(charge, id(node), moved, exclusive, charged)


def _take(
    charge: _Charge, node: int, ms: float, exclusive: dict[int, float], charged: dict[int, list[_Charge]]
) -> float:
    """As much of `ms` as the node has left; how much that is."""
    share = min(ms, max(exclusive[node], 0.0))
    exclusive[node] -= share
    charge.taken[node] = charge.taken.get(node, 0.0) + share
    if charge not in charged.setdefault(node, []):
        charged[node].append(charge)
    return share


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
