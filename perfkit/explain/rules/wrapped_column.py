"""A filter compares what a function, cast or operator makes of a column, so that no index on the column helps.

Needs to know the table's columns; says nothing where they are unknown. Does not apply to a small table, to a scan that
hardly takes any of the query's time, nor where a good part of the rows is wanted. A cast between character types is
none: EXPLAIN prints one for every comparison of a varchar.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.conditions import Wrapped, wrapped
from perfkit.explain.rules.rule import cost, facts_on, nodes, quoted, told
from perfkit.explain.rules.scans import is_wasteful, pages, rows_read, shown
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

NAME: Final = "wrapped_column"

# Immutable, without a literal and of one argument: an index on them can be named without looking.
_INDEXABLE: Final = frozenset({"lower", "upper", "md5", "length", "abs", "btrim"})
_MOMENTS: Final = ("timestamp", "date")


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    findings = []
    for node in nodes(plan.root):
        facts = facts_on(plan, node.relation)
        if facts and is_wasteful(plan, node):
            found = wrapped(str(node.details["Filter"]), node.details.get("Alias"), facts.types)
            findings += [_finding(plan, node, one, facts.types[one.column]) for one in found[:1]]
    return findings


def _finding(plan: QueryPlan, node: PlanNode, one: Wrapped, of_type: str) -> Finding:
    expression = redact_literals(one.expression)
    table = node.relation or "?"
    evidence = (
        f"Filter: {redact_literals(str(node.details['Filter']))}",
        f"{one.column} is of type {of_type}; what is compared is {expression}",
        f"Seq Scan on {table}: {shown(rows_read(node), node.loops)} rows and {units.count(pages(node), 'page')} read,"
        f" {units.count(node.actual_rows or 0, 'row')} kept",
        cost(node.exclusive_ms, plan),
    )
    title = f"{expression} in the filter on {table} keeps an index on {one.column} from being used"
    is_indexable = one.function in _INDEXABLE and expression == one.expression
    sql = f"CREATE INDEX CONCURRENTLY ON {quoted(table)} (({expression}));" if is_indexable else None
    fix = _fix(one, expression, of_type)
    return told(plan, node, NAME, title, evidence, node.exclusive_ms, fix, sql, [one.expression])


def _fix(one: Wrapped, expression: str, of_type: str) -> str:
    if one.function in _INDEXABLE:
        return f"A candidate, not verified: an index on the expression {expression}, which the statement stays with."
    if one.function.removeprefix("::") in ("date", "date_trunc") and of_type.startswith(_MOMENTS):
        return (
            f"Compare {one.column} itself with the ends of the range: {one.column} >= the first moment AND"
            f" {one.column} < the one after the last. Then an index on {one.column} serves it."
        )
    if one.function.startswith("::"):
        return (
            f"Compare {one.column} with a value of its own type ({of_type}): cast the parameter, not the column."
            " Often the driver binds a parameter of another type."
        )
    return f"Write the condition so that {one.column} stands alone on one side, or index the expression {expression}."
