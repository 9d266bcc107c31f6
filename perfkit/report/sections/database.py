"""The slow statements of both runs, and how the server executed the worst: plans with the time of each node alone."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent
from typing import Any, Final

import sqlparse

from perfkit import reading, units
from perfkit.model import CapturedQuery, Judged, NotExplained, PlanNode, QueryPlan, Story
from perfkit.report import phrases
from perfkit.report.pairs import runs_of
from perfkit.report.tables import Cell, Column, Table, first, number

TITLE: Final = "Database"
_LIMIT: Final = 50
_LAID_OUT_LIMIT: Final = 5_000
_DASH: Final = "A dash: no execution in that run was slow enough to be captured."
_DETAILS: Final = (
    "Filter", "Rows Removed by Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter",
    "Sort Key", "Sort Method", "Group Key", "Heap Fetches", "Shared Read Blocks", "Temp Written Blocks",
)  # fmt: skip


def prepare(story: Story) -> dict[str, Any] | None:
    runs = [(label, judged) for label, judged in runs_of(story) if judged.queries or judged.plans]
    if not runs:
        return None
    return {"table": _statements(story), "runs": [(label, _plans(judged)) for label, judged in runs if judged.plans]}


def _statements(story: Story) -> Table:
    by_run = [{query.fingerprint: query for query in judged.queries} for _, judged in runs_of(story)]
    every = {key: query for queries in reversed(by_run) for key, query in queries.items()}
    ordered = sorted(every, key=lambda key: -max(it[key].total_ms for it in by_run if key in it))
    names = [label for label, _ in runs_of(story)] if story.before else [""]
    figures = [
        Column(name or label, label if name else "", "number") for label in ("Calls", "Mean", "Total") for name in names
    ]
    rows, note = first(
        [_statement(every[key], [it.get(key) for it in by_run]) for key in ordered], _LIMIT, "statements"
    )
    note = note or (_DASH if story.before else "")
    return Table("Slow statements, the most expensive first", (Column("Statement"), *figures), rows, note)


def _statement(query: CapturedQuery, found: list[CapturedQuery | None]) -> tuple[Cell, ...]:
    where = ", ".join(f"{phase} {count:,}×" for phase, count in query.phases.items())
    calls = [number(f"{it.calls:,}" if it else phrases.MISSING) for it in found]
    means = [number(units.show(it.mean_ms, "ms") if it else phrases.MISSING) for it in found]
    totals = [number(units.show(it.total_ms, "ms") if it else phrases.MISSING) for it in found]
    return (Cell(reading.shortened(query.statement), "sql", where), *calls, *means, *totals)


def _laid_out(statement: str) -> str:
    """A statement as people write one. A very long one stays as it is: sqlparse is not meant for those."""
    if len(statement) > _LAID_OUT_LIMIT:
        return dedent(statement).strip()
    laid_out: str = sqlparse.format(statement, reindent=True, keyword_case="upper")
    return laid_out.strip()


def _plans(judged: Judged) -> list[dict[str, Any]]:
    queries = {query.fingerprint: query for query in judged.queries}
    return [_plan(plan, queries.get(plan.fingerprint)) for plan in judged.plans]


def _plan(plan: QueryPlan | NotExplained, query: CapturedQuery | None) -> dict[str, Any]:
    statement = query.statement if query else plan.fingerprint
    summary = f"{query.calls:,} calls, {units.show(query.mean_ms, 'ms')} on average" if query else ""
    short = reading.shortened(statement)
    whole = _laid_out(statement) if short.endswith("…") else ""
    told = {"short": short, "statement": whole, "summary": summary}
    if isinstance(plan, NotExplained):
        return told | {"reason": plan.reason, "nodes": [], "facts": ""}
    whole_ms = plan.root.total_ms or sum(node.exclusive_ms or 0.0 for _, node in _walk(plan.root))
    nodes = [_node(depth, node, whole_ms) for depth, node in _walk(plan.root)]
    return told | {"reason": "", "nodes": nodes, "facts": _facts(plan)}


def _facts(plan: QueryPlan) -> str:
    times = (("execution", plan.execution_ms), ("planning", plan.planning_ms))
    told = [f"{name} {units.show(ms, 'ms')}" for name, ms in times if ms is not None]
    settings = [f"{name} = {value}" for name, value in plan.settings.items()]
    return ", ".join([*told, f"PostgreSQL {plan.server_version}", *settings])


def _walk(node: PlanNode, depth: int = 0) -> Iterator[tuple[int, PlanNode]]:
    yield depth, node
    for child in node.children:
        yield from _walk(child, depth + 1)


def _node(depth: int, node: PlanNode, whole_ms: float) -> dict[str, Any]:
    heat = (node.exclusive_ms or 0.0) / whole_ms if whole_ms else 0.0
    return {
        "depth": min(depth, 12),
        "kind": node.kind,
        "on": " ".join(part for part in (node.relation, f"using {node.index}" if node.index else "") if part),
        "details": [f"{key}: {_listed(node.details[key])}" for key in _DETAILS if node.details.get(key)],
        "heat": min(round(heat * 100), 100),
        "exclusive": _ms(node.exclusive_ms),
        "total": _ms(node.total_ms),
        "rows": _rows(node.actual_rows),
        "planned": _rows(node.planned_rows),
        "loops": f"{node.loops:,.0f}",
    }


def _ms(value: float | None) -> str:
    return phrases.MISSING if value is None else units.show(value, "ms")


def _rows(value: float | None) -> str:
    return phrases.MISSING if value is None else f"{value:,.0f}"


def _listed(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
