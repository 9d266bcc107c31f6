"""What a plan rule is, and what rules share: walks over a plan, shares of its time. Diagnoses nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan, TableFacts
from perfkit.redact import PLACEHOLDER, redact_literals

# Below this share of a plan's time, or below this time, nothing is worth a finding, whatever is odd about it.
MIN_SHARE: Final = 0.10
MIN_MS: Final = 1.0

Place = tuple[int, ...]


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


def inputs(node: PlanNode) -> list[PlanNode]:
    """The children whose rows the node takes, without the InitPlans, CTEs and SubPlans that only hang below it."""
    return [child for child in node.children if "Subplan Name" not in child.details]


def place_of(root: PlanNode, wanted: PlanNode) -> Place:
    """The child numbers that lead from the root to this very node."""

    def search(node: PlanNode) -> Place | None:
        if node is wanted:
            return ()
        for number, child in enumerate(node.children):
            if (below := search(child)) is not None:
                return (number, *below)
        return None

    return search(root) or ()


def exclusive_ms(root: PlanNode) -> float:
    """What the node and all below it took, each counted once, in ms."""
    return sum(node.exclusive_ms or 0.0 for node in nodes(root))


def share_of(ms: float | None, plan: QueryPlan) -> float:
    """Part of the time of the plan's tree, 0 … 1; 0 where no times were taken."""
    whole = exclusive_ms(plan.root)
    return (ms or 0.0) / whole if whole > 0 else 0.0


def share_of_execution(ms: float | None, plan: QueryPlan) -> float:
    """Part of the execution, triggers and serialization included: for what stands outside the tree."""
    return (ms or 0.0) / plan.execution_ms if plan.execution_ms else 0.0


def is_worth(ms: float | None, plan: QueryPlan, min_share: float = MIN_SHARE) -> bool:
    """Whether a time within the tree is worth a finding."""
    return (ms or 0.0) >= MIN_MS and share_of(ms, plan) >= min_share


def is_worth_of_execution(ms: float | None, plan: QueryPlan, min_share: float = MIN_SHARE) -> bool:
    """Whether a time is worth a finding that stands outside the tree."""
    return (ms or 0.0) >= MIN_MS and share_of_execution(ms, plan) >= min_share


def told(
    plan: QueryPlan,
    node: PlanNode,
    rule: str,
    title: str,
    evidence: Sequence[str],
    impact_ms: float | None,
    fix: str,
    sql: str | None = None,
    quotes: Sequence[str] = (),
) -> Finding:
    """A finding about a node of a plan. The texts hold SQL without its literals; `quotes` are parts of expressions that
    stand in them and were shown so, beside the whole expressions of the plan."""
    finding = Finding(
        rule=rule,
        title=title,
        evidence=tuple(evidence),
        impact_ms=impact_ms,
        fix=fix,
        sql=sql,
        fingerprint=plan.fingerprint,
        node=place_of(plan.root, node),
    )
    whole = "\n".join([title, *evidence, fix, sql or ""])
    originals = {shown: text for text in _expressions(plan, node, quotes) if (shown := redact_literals(text)) != text}
    # A literal that stands alone is shown like any other, so nobody could tell which it was.
    pairs = [pair for pair in originals.items() if pair[0] in whole and not pair[0].startswith(PLACEHOLDER)]
    return replace(finding, originals=tuple(pairs))


def _expressions(plan: QueryPlan, node: PlanNode, quotes: Sequence[str]) -> Iterator[str]:
    """Of the whole plan; those of the node come last, as of two that are shown alike they are meant."""
    for one in (*nodes(plan.root), node):
        for value in one.details.values():
            texts = value if isinstance(value, list | tuple) else [value]
            yield from (text for text in texts if isinstance(text, str))
    yield from quotes


def cost(ms: float | None, plan: QueryPlan, what: str = "of its own") -> str:
    """The line of evidence that most findings have: what it took, and which part of the query that is."""
    return f"{ms or 0:,.1f} ms {what}, {share_of(ms, plan):.0%} of the query"


def processes(node: PlanNode) -> list[Mapping[str, Any]]:
    """What each process that ran the node tells of itself, the leader first."""
    return [node.details, *node.details.get("Workers", ())]


def facts_on(plan: QueryPlan, relation: str | None) -> TableFacts | None:
    """What is known of a table beyond the plan."""
    return next((facts for facts in plan.facts if facts.name == relation), None)


def count(node: PlanNode, key: str) -> float:
    """A figure that EXPLAIN tells as the mean of a loop, over all loops; 0 where it tells none."""
    return float(node.details.get(key, 0)) * node.loops


def where(node: PlanNode) -> str:
    """A node in a sentence: its kind, and on what."""
    return f"{node.kind} on {node.relation}" if node.relation else node.kind


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
