"""What a plan rule is, and what rules share: walks over a plan, shares of its time. Diagnoses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

# Below this share of a plan's time nothing is worth a finding, whatever is odd about it.
MIN_SHARE: Final = 0.10


class Rule(Protocol):
    """A module that satisfies this is one line in `perfkit.explain.rules.RULES`."""

    NAME: str

    def find(self, plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
        """What this rule finds in the plan. `query` is None for a statement that was not captured under load."""
        ...


def nodes(root: PlanNode) -> Iterator[PlanNode]:
    """The node and all below it, parents first."""
    yield root
    for child in root.children:
        yield from nodes(child)


def paths(root: PlanNode, above: tuple[PlanNode, ...] = ()) -> Iterator[tuple[PlanNode, tuple[PlanNode, ...]]]:
    """Every node with the nodes above it, the nearest last."""
    yield root, above
    for child in root.children:
        yield from paths(child, (*above, root))


def exclusive_ms(root: PlanNode) -> float:
    """What the node and all below it took, each counted once, in ms."""
    return sum(node.exclusive_ms or 0.0 for node in nodes(root))


def share_of(ms: float | None, plan: QueryPlan) -> float:
    """Part of the plan's time, 0 … 1; 0 where no times were taken."""
    whole = exclusive_ms(plan.root)
    return (ms or 0.0) / whole if whole > 0 else 0.0


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
