"""EXPLAIN's JSON to a tree of plan nodes. Knows the keys of the format; the times are worked out in `times`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from perfkit.explain.times import Times, times_of
from perfkit.explain.wellformed import check
from perfkit.model import Jit, PlanNode, QueryPlan, Serialization, TableFacts, Trigger

Json = Mapping[str, Any]

# Keys that a PlanNode has as fields; all others pass through as its details, known or not.
_FIELDS: Final = frozenset(
    {
        "Node Type",
        "Relation Name",
        "Index Name",
        "Plan Rows",
        "Actual Rows",
        "Actual Loops",
        "Actual Total Time",
        "Plans",
    }
)


def read_plan(document: Any, fingerprint: str, server_version: str, facts: tuple[TableFacts, ...] = ()) -> QueryPlan:
    """The plan in what EXPLAIN (ANALYZE, FORMAT JSON) returned: a list of one object.

    Raises:
        ValueError: there is no plan in it, as for a statement that the planner never sees, or it is no tree of nodes.
    """
    found = document[0] if isinstance(document, list) and document else document
    if not isinstance(found, Mapping) or not isinstance(found.get("Plan"), Mapping):
        raise ValueError("the server has no plan for this kind of statement")
    try:
        check(found)
        return QueryPlan(
            fingerprint=fingerprint,
            root=_node(found["Plan"], times_of(found["Plan"])),
            planning_ms=_number(found.get("Planning Time")),
            execution_ms=_number(found.get("Execution Time")),
            server_version=server_version,
            settings={key: str(value) for key, value in found.get("Settings", {}).items()},
            triggers=tuple(_trigger(json) for json in found.get("Triggers", ())),
            jit=_jit(found.get("JIT")),
            serialization=_serialization(found.get("Serialization")),
            facts=facts,
        )
    except RecursionError as error:
        raise ValueError("the plan is nested too deeply") from error
    except (AttributeError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"this is no plan as EXPLAIN writes one: {type(error).__name__} {error}") from error


def _node(json: Json, times: Times) -> PlanNode:
    loops = float(json.get("Actual Loops", 1))
    actual_rows = _number(json.get("Actual Rows"))
    return PlanNode(
        kind=json["Node Type"],
        relation=json.get("Relation Name"),
        index=json.get("Index Name"),
        planned_rows=float(json.get("Plan Rows", 0)) * (loops or 1),
        actual_rows=None if actual_rows is None else float(round(actual_rows * loops)),
        loops=loops,
        total_ms=times.total_ms(json),
        exclusive_ms=times.exclusive_ms(json),
        details={key: value for key, value in json.items() if key not in _FIELDS},
        children=tuple(_node(child, times) for child in json.get("Plans", ())),
    )


def _trigger(json: Json) -> Trigger:
    return Trigger(
        name=json.get("Trigger Name"),
        constraint=json.get("Constraint Name"),
        relation=json.get("Relation"),
        calls=int(json.get("Calls", 0)),
        time_ms=_number(json.get("Time")),
    )


def _jit(json: Json | None) -> Jit | None:
    return Jit(int(json.get("Functions", 0)), _number(json.get("Timing", {}).get("Total"))) if json else None


def _serialization(json: Json | None) -> Serialization | None:
    return Serialization(_number(json.get("Time")), int(json.get("Output Volume", 0))) if json else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
