"""A plan as formatted lines: what the terminal and the reports show of it. Knows words and units, no layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from perfkit import units
from perfkit.model import Finding, NodeChange, NodeSide, PlanDiff, PlanNode, QueryPlan

MISSING: Final = "–"
NEVER: Final = "never executed"
OFF_FROM: Final = 10.0
OFF_FROM_ROWS: Final = 100.0
MOVED_FROM: Final = 0.2
_SHOWN: Final = (
    "Filter", "Rows Removed by Filter", "Index Cond", "Recheck Cond", "Rows Removed by Index Recheck", "Hash Cond",
    "Merge Cond", "Join Filter", "Rows Removed by Join Filter", "Sort Key", "Sort Method", "Group Key", "Cache Key",
    "Cache Evictions", "Hash Batches", "HashAgg Batches", "Heap Fetches", "Lossy Heap Blocks", "Temp Written Blocks",
    "Workers Planned", "Workers Launched",
)  # fmt: skip
_TEMP: Final = "Temp Written Blocks"
_TARGETS: Final = ("CTE Name", "Function Name", "Tuplestore Name")
_ONE_BATCH: Final = ("Hash Batches", "HashAgg Batches")
_PAGES: Final = ("Shared Hit Blocks", "Shared Read Blocks", "Local Hit Blocks", "Local Read Blocks")


@dataclass(frozen=True, slots=True)
class Line:
    """A node. `share` is its part of the time, 0 … 1; `off` says how far the estimate is off, where it is far."""

    depth: int
    kind: str
    on: str
    share: float
    alone: str
    total: str
    rows: str
    planned: str
    off: str
    loops: str
    pages: str
    details: tuple[str, ...]
    findings: tuple[str, ...]


def lines(plan: QueryPlan, findings: Iterable[Finding] = ()) -> list[Line]:
    """The nodes, parents first, each with the rules of the findings that are about it."""
    rules: dict[tuple[int, ...], list[str]] = {}
    for finding in findings:
        if finding.fingerprint == plan.fingerprint and finding.node is not None:
            rules.setdefault(finding.node, []).append(finding.rule)
    nodes = list(_walk(plan.root))
    whole_ms = sum(node.exclusive_ms or 0.0 for _, node in nodes)
    return [_line(place, node, whole_ms, tuple(rules.get(place, ()))) for place, node in nodes]


def facts(plan: QueryPlan) -> list[str]:
    """What is of the whole statement: times, what stands outside the tree, server and settings."""
    times = (("execution", plan.execution_ms), ("planning", plan.planning_ms))
    told = [f"{name} {units.show(ms, 'ms')}" for name, ms in times if ms is not None]
    for trigger in plan.triggers:
        name = trigger.constraint or trigger.name
        told.append(f"trigger {name} {_ms(trigger.time_ms)} ({units.count(trigger.calls, 'call')})")
    if plan.serialization and plan.serialization.time_ms:
        told.append(f"rows made into text {_ms(plan.serialization.time_ms)} ({plan.serialization.output_kb:,} kB)")
    if plan.jit:
        told.append(f"JIT {_ms(plan.jit.total_ms)} ({plan.jit.functions:,} functions)")
    server = [f"PostgreSQL {plan.server_version}"] if plan.server_version else []
    return [*told, *server, *(f"{name} = {value}" for name, value in plan.settings.items())]


def changed(diff: PlanDiff) -> list[NodeChange]:
    """The nodes that are done in another way, gone or new, and those whose time differs by a fifth of the whole."""
    whole_ms = max(diff.before_ms or 0.0, diff.after_ms or 0.0)
    return [one for one in diff.nodes if one.kind != "same" or abs(_moved_ms(one)) >= MOVED_FROM * whole_ms > 0]


def foremost(changes: list[NodeChange], limit: int) -> list[NodeChange]:
    """Those whose time differs most, in their own order."""
    ranked = sorted(range(len(changes)), key=lambda place: -abs(_moved_ms(changes[place])))
    return [changes[place] for place in sorted(ranked[:limit])]


def word(change: NodeChange) -> str:
    """What happened to the node; of one that is as it was, only its time."""
    if change.kind != "same":
        return change.kind
    return "slower" if _moved_ms(change) > 0 else "faster"


def side(one: NodeSide | None) -> tuple[str, str, str]:
    """Time alone, rows and pages of one side."""
    if one is None:
        return MISSING, MISSING, MISSING
    return _ms(one.exclusive_ms), _number(one.rows), _number(one.pages)


def what(change: NodeChange) -> str:
    """A changed node in words: `Seq Scan on items → Index Scan on items using …`."""
    names = [one.what for one in (change.before, change.after) if one]
    return " → ".join(dict.fromkeys(names))


def own_pages(node: PlanNode) -> int | None:
    """Pages looked at without those of the nodes below; None where they were not counted."""
    if _PAGES[0] not in node.details:
        return None
    if node.kind == "CTE Scan":  # has those of the WITH query, which hangs elsewhere
        return 0
    return max(_pages(node) - sum(map(_pages, node.children)), 0)


def _moved_ms(change: NodeChange) -> float:
    before, after = ((one.exclusive_ms or 0.0) if one else 0.0 for one in (change.before, change.after))
    return after - before


def _walk(node: PlanNode, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], PlanNode]]:
    yield place, node
    for number, child in enumerate(node.children):
        yield from _walk(child, (*place, number))


def _line(place: tuple[int, ...], node: PlanNode, whole_ms: float, rules: tuple[str, ...]) -> Line:
    is_run = node.loops > 0
    return Line(
        depth=len(place),
        kind=_kind(node),
        on=" ".join(part for part in (_target(node), f"using {node.index}" if node.index else "") if part),
        share=(node.exclusive_ms or 0.0) / whole_ms if whole_ms else 0.0,
        alone=_ms(node.exclusive_ms) if is_run else NEVER,
        total=_ms(node.total_ms) if is_run else MISSING,
        rows=_number(node.actual_rows),
        planned=_number(node.planned_rows),
        off=_off(node),
        loops=f"{node.loops:,.0f}",
        pages=_number(own_pages(node)),
        details=tuple(f"{key}: {_listed(_value(node, key))}" for key in _SHOWN if _is_told(node, key)),
        findings=rules,
    )


def _kind(node: PlanNode) -> str:
    """Its kind, with what a reader wants to know of it: the subplan's name, the kind of join, whether in parallel."""
    name = str(node.details.get("Subplan Name", ""))
    join = str(node.details.get("Join Type", "Inner"))
    words = ["Parallel" if node.details.get("Parallel Aware") else "", node.kind]
    words += [f"({join})"] if join != "Inner" else []
    return " ".join([*([f"{name}:"] if name else []), *filter(None, words)])


def _target(node: PlanNode) -> str | None:
    """What a scan reads: a table, the result of a function, a WITH query."""
    return node.relation or next((str(node.details[key]) for key in _TARGETS if key in node.details), None)


def _is_told(node: PlanNode, key: str) -> bool:
    value = _value(node, key)
    if key == "Sort Method":
        return node.details.get("Sort Space Type") == "Disk"
    return bool(value) and not (key in _ONE_BATCH and value == 1)


def _value(node: PlanNode, key: str) -> Any:
    """A detail; of pages that EXPLAIN tells with all below, those of the node alone."""
    if key != _TEMP:
        return node.details.get(key)
    below = sum(int(child.details.get(key, 0)) for child in node.children)
    return max(int(node.details.get(key, 0)) - below, 0)


def _off(node: PlanNode) -> str:
    """`12× more` or `30× fewer` than planned, by loop; "" where the estimate is about right or nothing ran."""
    if node.actual_rows is None or node.loops == 0 or node.kind in ("BitmapAnd", "BitmapOr"):
        return ""
    planned, actual = (max(rows / node.loops, 1.0) for rows in (node.planned_rows, node.actual_rows))
    factor = max(planned / actual, actual / planned)
    is_far = factor >= OFF_FROM and max(node.planned_rows, node.actual_rows) >= OFF_FROM_ROWS
    return f"{factor:,.0f}× {'more' if actual > planned else 'fewer'}" if is_far else ""


def _pages(node: PlanNode) -> int:
    return sum(int(node.details.get(key, 0)) for key in _PAGES)


def _ms(value: float | None) -> str:
    return MISSING if value is None else units.show(value, "ms")


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.0f}"


def _listed(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
