"""Checking a foreign key reads the whole referring table for each row that is deleted or changed.

Seen in the triggers, which stand outside the tree. Does not apply where the check hardly takes any of the time, where
one call takes less than 0.1 ms (as with an index), or where the constraint is known to have an index.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.explain.rules.rule import is_worth_of_execution, quoted, share_of_execution, told
from perfkit.model import CapturedQuery, Finding, ForeignKey, QueryPlan, Trigger

NAME: Final = "foreign_key_trigger"

MIN_MS_PER_CALL: Final = 0.1


def find(plan: QueryPlan, query: CapturedQuery | None) -> list[Finding]:
    keys = {key.constraint: key for facts in plan.facts for key in facts.foreign_keys}
    return [
        _finding(plan, trigger, keys.get(str(trigger.constraint)))
        for trigger in plan.triggers
        if _is_costly(plan, trigger) and not _is_indexed(keys.get(str(trigger.constraint)))
    ]


def _is_costly(plan: QueryPlan, trigger: Trigger) -> bool:
    per_call = (trigger.time_ms or 0.0) / max(trigger.calls, 1)
    is_slow = trigger.constraint is not None and per_call >= MIN_MS_PER_CALL
    return is_slow and is_worth_of_execution(trigger.time_ms, plan)


def _is_indexed(key: ForeignKey | None) -> bool:
    return key is not None and key.is_indexed


def _finding(plan: QueryPlan, trigger: Trigger, key: ForeignKey | None) -> Finding:
    evidence = (
        f"Trigger for constraint {trigger.constraint}: {units.count(trigger.calls, 'call')},"
        f" {trigger.time_ms or 0:,.1f} ms, {share_of_execution(trigger.time_ms, plan):.0%} of the execution",
        f"{(trigger.time_ms or 0) / max(trigger.calls, 1):,.2f} ms for each row; with an index it is a few hundredths",
    )
    columns = ", ".join(map(quoted, key.columns)) if key else ""
    fix = (
        f"Index the columns that refer: {key.table} ({columns}) has no index that begins with them."
        if key
        else f"See whether the columns of {trigger.constraint} in the table that refers have an index, and add one."
    )
    sql = f"CREATE INDEX CONCURRENTLY ON {key.table} ({columns});" if key else None
    title = f"Checking {trigger.constraint} takes {share_of_execution(trigger.time_ms, plan):.0%} of the execution"
    return told(plan, plan.root, NAME, title, evidence, trigger.time_ms, fix, sql)
