"""What changed between two plans of one statement. Matches nodes by what they stand for; judges nothing.

A node that is as it was has the same kind, table, alias and index, above the same tables. What is left is matched by
its part: a scan by the alias that it reads, any other node by its part (join, grouping, order …) and the tables below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Final

from perfkit.model import NodeChange, NodeSide, NotExplained, PlanDiff, PlanNode, QueryPlan
from perfkit.plan_lines import own_pages

_PARTS: Final = {
    "Nested Loop": "join",
    "Hash Join": "join",
    "Merge Join": "join",
    "Aggregate": "grouping",
    "Group": "grouping",
    "Sort": "order",
    "Incremental Sort": "order",
    "Append": "append",
    "Merge Append": "append",
    "Gather": "gather",
    "Gather Merge": "gather",
}


def diff(before: QueryPlan, after: QueryPlan) -> PlanDiff:
    """The nodes of both plans, each once: matched, gone or new."""
    olds, news = list(_walk(before.root)), list(_walk(after.root))
    pairs: dict[int, PlanNode] = {}
    for key in (_as_it_was, _part):
        taken = {id(old) for old in pairs.values()}
        pairs |= _matched([it for it in olds if id(it) not in taken], [it for it in news if id(it) not in pairs], key)
    matched = {id(old) for old in pairs.values()}
    changes = [_change(pairs.get(id(new)), new) for new in news]
    changes += [_change(old, None) for old in olds if id(old) not in matched]
    return PlanDiff(after.fingerprint, _time(before), _time(after), tuple(changes))


def diffs(
    before: Iterable[QueryPlan | NotExplained], after: Iterable[QueryPlan | NotExplained]
) -> tuple[PlanDiff, ...]:
    """Of each statement that has a plan on both sides, in the order of `after`."""
    earlier = {plan.fingerprint: plan for plan in before if isinstance(plan, QueryPlan)}
    return tuple(
        diff(earlier[plan.fingerprint], plan)
        for plan in after
        if isinstance(plan, QueryPlan) and plan.fingerprint in earlier
    )


def _walk(node: PlanNode) -> Iterator[PlanNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _tables(node: PlanNode) -> Hashable:
    """The aliases that are read below, each as often as it is."""
    return frozenset(Counter(_alias(one) for one in _walk(node) if one.relation).items())


def _alias(node: PlanNode) -> str:
    return str(node.details.get("Alias") or node.relation)


def _as_it_was(node: PlanNode) -> Hashable:
    return (node.kind, node.relation and _alias(node), node.index, _tables(node))


def _part(node: PlanNode) -> Hashable | None:
    if node.relation:
        return ("scan", _alias(node))
    return (_PARTS.get(node.kind, node.kind), _tables(node))


def _matched(olds: list[PlanNode], news: list[PlanNode], key: Callable[[PlanNode], Hashable]) -> dict[int, PlanNode]:
    """By the identity of the new node; of several with one key the first with the first."""
    waiting: dict[Hashable, list[PlanNode]] = {}
    for old in olds:
        waiting.setdefault(key(old), []).append(old)
    return {id(new): found.pop(0) for new in news if (found := waiting.get(key(new)))}


def _change(old: PlanNode | None, new: PlanNode | None) -> NodeChange:
    if old is None:
        return NodeChange("new", None, _side(new) if new else None)
    if new is None:
        return NodeChange("gone", _side(old), None)
    return NodeChange("same" if _as_it_was(old) == _as_it_was(new) else "changed", _side(old), _side(new))


def _side(node: PlanNode) -> NodeSide:
    words = [node.kind, f"on {node.relation}" if node.relation else "", f"using {node.index}" if node.index else ""]
    return NodeSide(" ".join(filter(None, words)), node.index, node.exclusive_ms, node.actual_rows, own_pages(node))


def _time(plan: QueryPlan) -> float | None:
    return plan.execution_ms if plan.execution_ms is not None else plan.root.total_ms
