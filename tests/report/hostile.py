"""A story in which every text that comes from outside attacks the reader."""

from __future__ import annotations

from dataclasses import replace

from perfkit.model import (
    AdvisedIndex,
    Budget,
    CapturedQuery,
    Change,
    Check,
    Comparison,
    DismissedIndex,
    Effect,
    Expectation,
    Finding,
    IndexAdvice,
    NotExplained,
    PlanNode,
    QueryPlan,
    Scope,
    Sheet,
    SheetCell,
    SheetRow,
    StatementShare,
    Story,
    Timeline,
    TracedStatement,
    UnneededIndex,
    Validity,
    Verdict,
)
from tests.builders import a_judged, a_metric, a_phase, a_run, a_story

ATTACK = (
    "<script>alert(1)</script>\"><img src=x onerror=alert(2)>' onload=alert(3) <b1>"
    "|`[red]x[/red] [a](javascript:alert(4))"
)


def hostile_story() -> Story:
    """Before and after, with ATTACK wherever a text is not perfkit's own."""
    scope = Scope(ATTACK, ATTACK)
    rule = Expectation(ATTACK, "latency.avg_ms", {"endpoint": ATTACK, "phase": ATTACK}, "<", 1.0, priority=ATTACK)
    rule = replace(rule, milestone=ATTACK, documented=ATTACK)
    names = ("latency.avg_ms", "requests.count", "errors.ratio", "payload.wire_bytes", "memory.peak_bytes")
    metrics = [a_metric(name, 5.0, scope=scope) for name in names]
    metrics.append(a_metric("errors.count", 3, scope=Scope(ATTACK, ATTACK, kind=ATTACK)))
    node = PlanNode(ATTACK, ATTACK, ATTACK, 1, 1, 1, 1.0, 1.0, {"Filter": ATTACK, "Sort Key": [ATTACK]})
    record = replace(
        a_run().record,
        id=ATTACK,
        name=ATTACK,
        phases=(a_phase(ATTACK),),
        notes=(ATTACK,),
        validity=Validity((Check(ATTACK, False, ATTACK, ATTACK, ATTACK),)),
        provenance={"git_commit": ATTACK, ATTACK: ATTACK, "libraries": {ATTACK: ATTACK}},
        config={"name": ATTACK, ATTACK: [ATTACK], "target": {"url": ATTACK}},
    )
    share = StatementShare(TracedStatement(ATTACK, ATTACK), 1.0, 9.0, 9.0, 9.0)
    effect = Effect(ATTACK, ATTACK, 1, 9.0, 1.0, 0.1, (0.1, 0.2), 9.0, 1.0, "faster", "same", 9)
    index = AdvisedIndex(ATTACK, ATTACK, ATTACK, ATTACK, 8192, 0.1, 8.0, (ATTACK,), None, (effect,))
    unneeded = UnneededIndex(ATTACK, ATTACK, 8192, ATTACK, True, ATTACK, ATTACK)
    judged = a_judged(
        record,
        metrics=tuple(metrics),
        verdicts=(Verdict(rule, "fail", metrics[0], ATTACK),),
        findings=(Finding(ATTACK, ATTACK, (ATTACK,), 1.0, ATTACK, ATTACK, ATTACK),),
        queries=(CapturedQuery(ATTACK, ATTACK, 1, 1.0, 1.0, 1.0, phases={ATTACK: 1}),),
        plans=(QueryPlan(ATTACK, node, 1.0, 1.0, ATTACK, {ATTACK: ATTACK}), NotExplained(ATTACK, ATTACK)),
        budgets=(Budget(ATTACK, 1, 9.0, 1.0, 9.0, 0.0, 0.0, 0.0, 1.0, 1.0, (share,), False, 9.0, ATTACK),),
        advice=IndexAdvice(9.0, (index,), (DismissedIndex(ATTACK, ATTACK),), (unneeded,), (effect,), notes=(ATTACK,)),
        timeline=Timeline((0.0,), (1.0,), (1.0,), (1.0,), (0.0,), ((0.0, 1.0),), ((0.0, 1.0),), ((ATTACK, 0.0, 1.0),)),
        quantiles={f"{ATTACK} / {ATTACK}": ((0.5, 1.0), (1.0, 2.0))},
    )
    cell = SheetCell(ATTACK, "latency.avg_ms", rule.select, rule)
    change = Change("latency.avg_ms", scope, 5.0, 1.0, -0.8, (-0.9, -0.7), "improved", True, ATTACK)
    return replace(
        a_story(judged, before=judged),
        title=ATTACK,
        comparison=Comparison(ATTACK, ATTACK, (change,), (ATTACK,)),
        sheets=(Sheet(ATTACK, ATTACK, (ATTACK,), (SheetRow(ATTACK, (cell,), ATTACK),), ATTACK),),
    )
