"""A planner setting forbids what the planner would have chosen, and what it takes instead costs time.

Does not apply where the plan has nothing that the forbidden kind would have replaced, or where that hardly takes any of
the query's time. What the other plan would take is not known: the impact is an upper bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perfkit.explain.rules.estimates import JOINS
from perfkit.explain.rules.rule import cost, exclusive_ms, is_worth, nodes, told, where
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "forced_plan"

_BY_INDEX: Final = ("Index Scan", "Index Only Scan", "Bitmap Heap Scan")

# Setting → the kinds of node that stand where the forbidden kind may have been.
INSTEAD: Final[Mapping[str, tuple[str, ...]]] = {
    "enable_hashjoin": ("Nested Loop", "Merge Join"),
    "enable_mergejoin": ("Nested Loop", "Hash Join"),
    "enable_nestloop": ("Hash Join", "Merge Join"),
    "enable_seqscan": _BY_INDEX,
    "enable_indexscan": ("Seq Scan", "Bitmap Heap Scan"),
    "enable_indexonlyscan": ("Seq Scan", "Index Scan", "Bitmap Heap Scan"),
    "enable_bitmapscan": ("Seq Scan", "Index Scan"),
    "enable_hashagg": ("Sort",),
    "enable_memoize": ("Nested Loop",),
    "enable_material": ("Nested Loop",),
}


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    forbidden = [name for name, value in plan.settings.items() if value == "off" and name in INSTEAD]
    found: dict[int, tuple[PlanNode, list[str]]] = {}
    for name in forbidden:
        node = max((it for it in nodes(plan.root) if it.kind in INSTEAD[name]), key=_ms, default=None)
        if node is not None and is_worth(_ms(node), plan):
            found.setdefault(id(node), (node, []))[1].append(name)
    return [_finding(plan, node, names) for node, names in found.values()]


def _ms(node: PlanNode) -> float:
    return exclusive_ms(node) if node.kind in JOINS else node.exclusive_ms or 0.0


def _finding(plan: QueryPlan, node: PlanNode, names: list[str]) -> Finding:
    settings = " and ".join(f"{name} = off" for name in names)
    is_marked = node.details.get("Disabled") is True
    evidence = (
        f"Settings: {settings}",
        f"{where(node)} took its place" + (", though it is disabled too" if is_marked else ""),
        cost(_ms(node), plan, "in it, at most the gain"),
    )
    fix = (
        "See who set it (ALTER DATABASE, ALTER ROLE, postgresql.conf, the application) and why. As a remedy for one bad"
        " plan it makes others worse: mend that plan's estimate instead."
    )
    title = f"{settings}: the planner had to take {'an' if node.kind[0] in 'AI' else 'a'} {where(node)}"
    sql = " ".join(f"RESET {name};" for name in names)
    return told(plan, node, NAME, title, evidence, _ms(node), fix, sql)
