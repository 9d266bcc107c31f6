"""Plans for tests: EXPLAIN's JSON written by hand, and plans of real statements."""

from __future__ import annotations

from typing import Any

from perfkit.explain import single
from perfkit.explain.plan import read_plan
from perfkit.model import PlanNode, QueryPlan

Json = dict[str, Any]


def a_node(kind: str, ms: float | None = None, *plans: Json, loops: int = 1, rows: float = 1, **more: Any) -> Json:
    """A node as EXPLAIN (ANALYZE, FORMAT JSON) tells it; `ms` and `rows` are means of one loop.

    Keys with blanks are written with underscores: `Subplan_Name`.
    """
    node: Json = {"Node Type": kind, "Plan Rows": rows, "Actual Rows": rows, "Actual Loops": loops}
    if ms is not None:
        node["Actual Total Time"] = ms
    node |= {key.replace("_", " "): value for key, value in more.items()}
    return node | ({"Plans": list(plans)} if plans else {})


def a_plan(root: Json) -> QueryPlan:
    return read_plan([{"Plan": root}], "f", "18.1")


def walk(root: PlanNode) -> list[PlanNode]:
    return [root, *(node for child in root.children for node in walk(child))]


def exclusive(plan: QueryPlan) -> list[float | None]:
    """Exclusive times, parents first, in whole microseconds."""
    return [None if node.exclusive_ms is None else round(node.exclusive_ms, 3) for node in walk(plan.root)]


def a_real_plan(dsn: str, sql: str, parameters: tuple[str | None, ...] = (), *settings: str) -> QueryPlan:
    """The plan of a statement; `settings` are libpq options such as "enable_hashjoin=off"."""
    from psycopg.conninfo import make_conninfo

    address = make_conninfo(dsn, options=" ".join(f"-c {setting}" for setting in settings)) if settings else dsn
    plan = single(address, sql, parameters, fingerprint="f")
    assert isinstance(plan, QueryPlan), plan
    return plan
