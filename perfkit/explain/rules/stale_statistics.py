"""The planner's statistics of a table are older than a good part of its rows, and its estimate is wrong.

Needs to know when the table was analysed last; says nothing where that is unknown. Does not apply where fewer than
20 % of the rows (and 1,000) have changed since, where the estimate is right within a factor of 3, or where what was
chosen on it hardly takes any of the query's time.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.estimates import factor, is_wrong, nearest_join
from perfkit.explain.rules.rule import cost, exclusive_ms, facts_on, is_worth, paths, quoted, told, where
from perfkit.model import CapturedQuery, Finding, PlanNode, QueryPlan, TableFacts

NAME: Final = "stale_statistics"

MIN_FACTOR: Final = 3.0
MIN_CHANGED: Final = 1_000
MIN_CHANGED_SHARE: Final = 0.20


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    found: dict[str, Finding] = {}
    for node, above in paths(plan.root):
        facts = facts_on(plan, node.relation)
        if facts and is_stale(facts) and is_wrong(node, above, MIN_FACTOR):
            join = nearest_join(above)
            ms = exclusive_ms(join) if join else node.exclusive_ms
            if is_worth(ms, plan):
                found.setdefault(facts.name, _finding(plan, node, facts, ms))
    return list(found.values())


def is_stale(facts: TableFacts) -> bool:
    if facts.changed_rows is None:
        return False
    return facts.changed_rows >= max(MIN_CHANGED, MIN_CHANGED_SHARE * (facts.rows or 0.0))


def _finding(plan: QueryPlan, node: PlanNode, facts: TableFacts, ms: float | None) -> Finding:
    age = units.show(facts.analyzed_s_ago, "s") + " ago" if facts.analyzed_s_ago is not None else "never"
    evidence = (
        f"{facts.name} was analysed {age}; {facts.changed_rows:,} rows have changed since",
        f"{where(node)}: {units.count(node.planned_rows, 'row')} planned, {node.actual_rows:,.0f} came,"
        f" off by a factor of {factor(node):,.0f}",
        cost(ms, plan, "in what was chosen on that"),
    )
    fix = (
        f"ANALYZE {facts.name}. After a large load do it at once; where the table grows all the time, have autovacuum"
        " come more often to it (autovacuum_analyze_scale_factor)."
    )
    title = f"The statistics of {facts.name} are stale: {facts.changed_rows:,} rows have changed since"
    return told(plan, node, NAME, title, evidence, ms, fix, f"ANALYZE {quoted(facts.name)};")
