"""A finding of a missing index names the index that was proven for its statement, in place of a candidate.

Knows what a trial of indexes told; tries none. Proven is an index that made this very statement faster when it was
really there, on a table that the finding's part of the plan reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from perfkit import units
from perfkit.judge.diagnose.evidence import Evidence
from perfkit.model import AdvisedIndex, Effect, Finding, PlanNode, QueryPlan
from perfkit.redact import redact_literals

# Rules of plans whose remedy may be an index.
INDEX_RULES: Final = frozenset(
    {
        "selective_seq_scan",
        "wrapped_column",
        "or_across_columns",
        "index_filter",
        "limit_wrong_index",
        "join_filter",
        "costly_inner",
        "correlated_subplan",
        "foreign_key_trigger",
    }
)


def with_advice(finding: Finding, evidence: Evidence) -> Finding:
    """The same finding, with the fix that was proven where there is one."""
    if finding.rule not in INDEX_RULES or evidence.advice is None:
        return finding
    tables = set(_tables(finding, evidence))
    proven = [
        (effect.saved_ms, one, effect)
        for one in evidence.advice.advice
        for effect in one.faster
        if effect.fingerprint == finding.fingerprint and any(_is_of(one, table) for table in tables)
    ]
    if not proven:
        return finding
    _, index, effect = max(proven, key=lambda found: found[0])
    return _proven(finding, index, effect)


def _tables(finding: Finding, evidence: Evidence) -> Iterator[str]:
    """What is read at the finding's node of the plan and below it."""
    plans = (plan for plan in evidence.plans if isinstance(plan, QueryPlan))
    plan = next((plan for plan in plans if plan.fingerprint == finding.fingerprint), None)
    if plan is None:
        return
    node = plan.root
    for number in finding.node or ():
        node = node.children[number]
    yield from _relations(node)


def _relations(node: PlanNode) -> Iterator[str]:
    if node.relation is not None:
        yield node.relation
    for child in node.children:
        yield from _relations(child)


def _is_of(one: AdvisedIndex, table: str) -> bool:
    """`one.table` has its schema, and quotes where it needs them."""
    escaped = table.replace('"', '""')
    return one.table.endswith((f".{table}", f'."{escaped}"'))


def _proven(finding: Finding, index: AdvisedIndex, effect: Effect) -> Finding:
    times = f"{units.show(effect.before_ms, 'ms')} → {units.show(effect.after_ms, 'ms')}"
    shown, sql = redact_literals(index.index), redact_literals(index.sql)
    trades = sum(one.outcome == "slower" for one in index.effects)
    price = f" It makes {trades} other statement{'s' * (trades != 1)} slower: see the index advice." if trades else ""
    return replace(
        finding,
        evidence=(*finding.evidence, f"With the index {shown}, really built and run: {times}, {effect.pairs} pairs"),
        fix=f"Build the index {shown}: every statement of the workload that touches its table was run with and without"
        f" it.{price}",
        sql=sql,
        confidence="proven",
        originals=(*finding.originals, (shown, index.index), (sql, index.sql)),
    )
