"""Plans as trees and diagnoses as paragraphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from perfkit import units
from perfkit.model import Finding, NotExplained, PlanNode, QueryPlan
from perfkit.terminal.text import MISSING, plain

_CONDITIONS: Final = ("Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Sort Key")


def findings_list(findings: Sequence[Finding]) -> list[RenderableType]:
    """Each diagnosis with its evidence and its fix, in the order of whoever ranked them."""
    return [_finding(finding) for finding in findings]


def _finding(finding: Finding) -> Text:
    cost = f"  costs {units.show(finding.impact_ms, 'ms')}" if finding.impact_ms is not None else ""
    text = Text("● ", "yellow").append(plain(finding.title, "bold")).append(cost, "dim")
    for line in finding.evidence:
        text.append("\n  ").append(plain(line, "dim"))
    text.append("\n  fix: ").append(plain(finding.fix))
    return text.append("\n  ").append(plain(finding.sql, "cyan")) if finding.sql else text


def plan_tree(plan: QueryPlan | NotExplained) -> RenderableType:
    """A plan as a tree: each node with its time alone and its share of the whole, rows planned and seen."""
    if isinstance(plan, NotExplained):
        return Text("not explained: ", "yellow").append(plain(plan.reason))
    whole_ms = plan.root.total_ms or plan.execution_ms or 0.0
    tree = Tree(_node(plan.root, whole_ms), guide_style="dim")
    _grow(tree, plan.root.children, whole_ms)
    return tree


def _grow(tree: Tree, children: Iterable[PlanNode], whole_ms: float) -> None:
    for child in children:
        _grow(tree.add(_node(child, whole_ms)), child.children, whole_ms)


def _node(node: PlanNode, whole_ms: float) -> Text:
    text = Text().append(plain(node.kind, "bold"))
    for word in (node.relation, node.index and f"using {node.index}"):
        text.append(plain(f" {word}" if word else ""))
    if node.exclusive_ms is not None:
        share = node.exclusive_ms / whole_ms if whole_ms else 0.0
        look = "bold red" if share >= 0.5 else "yellow" if share >= 0.2 else "dim"
        text.append(f"  {units.show(node.exclusive_ms, 'ms')} ({share:.0%})", look)
    seen = MISSING if node.actual_rows is None else f"{node.actual_rows:,.0f}"
    text.append(f"  rows {seen} of {node.planned_rows:,.0f} planned", "dim")
    for key in _CONDITIONS:
        if value := node.details.get(key):
            told = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            text.append("\n").append(plain(f"{key}: {told}", "dim"))
    return text
