"""The plan was made for more parallel workers than the server had to give.

Does not apply where all workers came, or where the parallel part hardly takes any of the query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit.explain.rules.rule import cost, exclusive_ms, is_worth, nodes, told
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan

NAME: Final = "workers_not_launched"


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    return [_finding(plan, node) for node in nodes(plan.root) if _is_short(node) and is_worth(_lost_ms(node), plan)]


def _workers(node: PlanNode) -> tuple[int, int]:
    planned = int(node.details.get("Workers Planned", 0))
    return planned, int(node.details.get("Workers Launched", planned))


def _is_short(node: PlanNode) -> bool:
    planned, launched = _workers(node)
    return node.loops > 0 and launched < planned


def _lost_ms(node: PlanNode) -> float:
    """What the parallel part would have taken less with all workers, if they shared the work evenly."""
    planned, launched = _workers(node)
    return exclusive_ms(node) * (1 - (launched + 1) / (planned + 1))


def _finding(plan: QueryPlan, node: PlanNode) -> Finding:
    planned, launched = _workers(node)
    evidence = (
        f"{node.kind}: {planned} workers planned, {launched} launched",
        cost(exclusive_ms(node), plan, "with all below it"),
        f"{_lost_ms(node):,.1f} ms less, if all had come and shared the work evenly",
    )
    fix = (
        "Raise max_parallel_workers (and max_worker_processes) if there are idle cores under load; else lower"
        " max_parallel_workers_per_gather, so that plans do not count on workers that are busy elsewhere."
    )
    title = f"{launched} of {planned} parallel workers were launched"
    return told(plan, node, NAME, title, evidence, _lost_ms(node), fix)
