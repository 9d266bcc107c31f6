"""A whole story of the pharmaceutical ERP, with made-up figures of the size that the plans tell: for golden files,
for the browser and for the terminal."""

from __future__ import annotations

import math
from dataclasses import replace

from perfkit.explain.diff import diffs
from perfkit.judge.leaks import leak_changes
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
    IndexWrites,
    Judged,
    LeakVerdict,
    Metric,
    NotExplained,
    ParameterSet,
    PlanNode,
    QueryPlan,
    RunRecord,
    Scope,
    Sheet,
    SheetCell,
    SheetRow,
    StatementShare,
    Story,
    Timeline,
    Tolerance,
    TracedStatement,
    UnneededIndex,
    Validity,
    Verdict,
)
from tests.builders import START, a_phase, a_run

# endpoint, priority, documented avg and concurrent, targets in ms, measured before (1 user, 20 users) and after
_PLAN = (
    ("Dashboard Metrics", "critical", "586ms", "4,400-8,900ms", 100, 200, 612.4, 5210.7, 8.31, 42.6),
    ("Quotations", "high", "1,065ms", None, 300, 500, 988.2, 7431.0, 61.4, 322.0),
    ("Authentication", "medium", "608ms", None, 200, 300, 101.3, 612.9, 94.6, 341.2),
    ("Customer List", "low", "492ms", "506ms", 200, 250, 318.9, 2210.4, 12.7, 88.1),
    ("Product List", "low", "493ms", "496ms", 200, 250, 402.8, 2761.0, 14.4, 91.7),
    ("Inventory Data", "low", "494ms", "485ms", 200, 250, 371.5, 2508.3, 13.9, 97.5),
)
_SHAPE = ((0.0, 0.45), (0.25, 0.78), (0.5, 0.94), (0.75, 1.12), (0.9, 1.35), (0.95, 1.6), (0.99, 2.4), (1.0, 3.1))
_PHASES = ("single", "concurrent")
_SLOW = "SELECT q.*, u.name FROM quotations q JOIN users u ON u.id = q.user_id WHERE q.status = 'secret-draft'"
_MEMORY = (
    ("Memory Growth under Load", "memory.growth_bytes", "+19.83MB", 2e6, "critical", 21.4e6, 0.61e6),
    ("Heap Utilization", "heap.utilisation_ratio", "83.6%", 0.7, "high", None, None),
    ("System Load (1min avg)", "system.load1", "5.52", 2.0, "medium", 3.41, 1.62),
)


def erp_story() -> Story:
    """Before and after, with a target that fails, one that nothing measured, plans, findings and a failed check."""
    before, after = _judged("before", 0), _judged("after", 1)
    return Story(
        title="Pharmaceutical ERP: before and after",
        before=before,
        after=after,
        comparison=_comparison(before, after),
        sheets=_sheets(),
        plan_diffs=diffs(before.plans, after.plans),
    )


def _judged(label: str, position: int) -> Judged:
    metrics = _metrics(position)
    return Judged(
        run=_record(label, position),
        metrics=tuple(metrics),
        verdicts=tuple(_verdict(cell, metrics) for sheet in _sheets() for row in sheet.rows for cell in row.cells),
        findings=_findings() if position == 0 else _findings()[1:],
        queries=(_query(position),),
        plans=(_plan(position), NotExplained("f00d", "the statement writes, and perfkit executes none that does")),
        budgets=_budgets(position),
        advice=None if position else _advice(),
        leaks=_leaks(position),
        timeline=_timeline(position),
        quantiles={
            f"{phase} / {row[0]}": tuple((q, row[6 + 2 * position + i] * shape) for q, shape in _SHAPE)
            for i, phase in enumerate(_PHASES)
            for row in _PLAN
        },
    )


def _advice() -> IndexAdvice:
    """One index proven, with a statement that gets slower; one tried in vain; one that nobody needs."""
    helped = Effect("beef", _SLOW, 1188, 765.2, 4.11, 0.0054, (0.0049, 0.0061), 18_234.0, 61.0, "faster", "same", 9)
    hurt = Effect(
        "cafe", "SELECT count(*) FROM quotations", 90, 21.4, 24.9, 1.16, (1.08, 1.24), 900.0, 950.0, "slower", "same", 9
    )
    same = Effect("d00d", "SELECT 1 FROM quotations LIMIT 1", 9, 0.1, 0.1, 1.0, (1.0, 1.0), 2.0, 2.0, "same", "same", 1)
    condition = "quotations (status, created_at DESC) WHERE (status <> 'secret-status'::text)"
    return IndexAdvice(
        workload_ms=1_040_000.0,
        advice=(
            AdvisedIndex(
                index=condition,
                table="public.quotations",
                name="ix_quotations_status_created_at_4c0ffe",
                sql="CREATE INDEX CONCURRENTLY ix_quotations_status_created_at_4c0ffe ON public." + condition + ";",
                bytes=4_325_376,
                build_s=0.42,
                saved_ms=903_800.0,
                evidence=("Seq Scan on quotations reads 200,000 rows to keep 1,188 to sort them, 764.0 ms",),
                write=IndexWrites(71.5, 0.0012, 0.93, 0.41),
                effects=(helped, hurt, same),
            ),
        ),
        not_advised=(
            DismissedIndex(
                "quotations (created_at)", "another index, or none, is better for the workload as a whole", 12.5
            ),
        ),
        unneeded=(
            UnneededIndex(
                name="public.quotations_old_idx",
                table="public.quotations",
                bytes=2_113_536,
                because="no scan has used it since the statistics began, 12 days ago (2026-11-10 08:00:00)",
                is_proven=True,
                said="3 statements that touch its table ran as fast without it",
                sql="DROP INDEX CONCURRENTLY public.quotations_old_idx;",
            ),
        ),
        left_out=(NotExplained("f00d", "no parameters were captured"),),
        greedy_gap_ratio=0.0,
        server_s=41.2,
        notes=("Replicas were not looked at: an index may be used there alone.",),
    )


def _leaks(position: int) -> tuple[LeakVerdict, ...]:
    """Before, what each request leaves behind; after, nothing. The heap was taken apart as well."""
    per_request = (19_830.0, 0.1)[position]
    floors = tuple(80e6 + per_request * 1000 * number for number in range(9))
    heap = LeakVerdict(
        phase="leak",
        resource="heap",
        outcome="OK" if position else "LEAK",
        reason="it did not grow" if position else "it grew in every round",
        floors=floors,
        tolerance=0.4e6,
        requests=1000.0,
        seconds=9.5,
        per_request=per_request,
        interval=(per_request * 0.98, per_request * 1.02),
        per_hour=per_request * 1000 / 9.5 * 3600,
        limit_s=18_000.0 if position == 0 else None,
        confidence="high",
    )
    files = replace(heap, resource="fds", outcome="OK", floors=(31.0,) * 9, per_request=0.0, per_hour=0.0, limit_s=None)
    return heap, replace(files, interval=(0.0, 0.0), tolerance=1.0)


def _budgets(position: int) -> tuple[Budget, ...]:
    """Before, a loop of 220 statements; after, one. And an endpoint that asks nothing of the database."""
    statement = TracedStatement("c0ffee", "SELECT name FROM products WHERE id = $1", rows=1.0, blocks=3.0)
    calls, service_ms, sql_ms = ((220.0, 988.2, 610.5), (1.0, 61.4, 12.5))[position]
    asked = Budget(
        endpoint="Quotations",
        requests=3,
        service_ms=service_ms,
        calls=calls,
        execution_ms=sql_ms,
        planning_ms=1.5,
        round_trips_ms=calls * 0.1,
        rest_ms=service_ms - sql_ms - 1.5 - calls * 0.1,
        rows=calls,
        blocks=calls * 3,
        statements=(StatementShare(statement, calls, sql_ms, sql_ms * 1.2, (12.4, 0.0)[position]),),
        lock_wait_ms=(38.2, 0.0)[position],
        lock_wait_phase="concurrent",
    )
    return asked, Budget("Health", 3, 2.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, None, ())


def _record(label: str, position: int) -> RunRecord:
    checks = (
        Check("schedule lag p99", True, "0.8 ms", "100 ms", "use fewer users, or more load processes"),
        Check("generator CPU", True, "61%", "90%", "use more load processes"),
        Check("target restarted", True, "no", "never", "find out why it restarts"),
        Check("machine load before the start", position == 1, ("2.31", "0.42")[position], "1", "stop other programs"),
    )
    marks = (
        a_phase("single", 0, 30, generator_cpu_ratio=0.21),
        a_phase("concurrent", 31, 91, users=20, measured_at=START + 36, generator_cpu_ratio=0.61, unfinished=position),
    )
    return replace(
        a_run().record,
        id=f"20261122-1200{position}0-{label}",
        ended_at=START + 92,
        phases=marks,
        validity=Validity(checks if position else checks[:3]),
        provenance={
            "perfkit": "0.1.0",
            "git_commit": ("0123abcdef012345", "89abcdef01234567")[position],
            "host": "testhost",
            "cpus": 2,
            "fixes": [] if position == 0 else ["indexes", "n_plus_one", "cache"],
            "database": {"version": "18.6", "settings": {"shared_buffers": "128MB", "jit": "off"}},
        },
        config={
            "name": "pharma_erp",
            "target": {"url": "http://127.0.0.1:8000", "watch": ["port:8000"]},
            "phases": [{"name": "single", "users": 1}, {"name": "concurrent", "users": 20}],
            "tolerance": {"relative": 0.1, "absolute_ms": 5.0},
        },
    )


def _metrics(position: int) -> list[Metric]:
    found: list[Metric] = []
    for i, phase in enumerate(_PHASES):
        for row in _PLAN:
            average = row[6 + 2 * position + i]
            found += _of_endpoint(Scope(row[0], phase), average, (20, 400)[i])
        everyone = sum(row[6 + 2 * position + i] for row in _PLAN) / len(_PLAN)
        found += _of_endpoint(Scope(None, phase), everyone, (120, 2400)[i])
    if position == 0:
        found.append(Metric("errors.count", 31, Scope("Quotations", "concurrent", kind="timeout"), n=400))
        found.append(Metric("errors.count", 31, Scope(None, "concurrent", kind="timeout"), n=2400))
    for _, name, _, _, _, *values in _MEMORY:
        if values[position] is not None:
            found.append(Metric(name, values[position]))
    found.append(Metric("cpu.avg_ratio", (0.97, 0.41)[position], Scope(phase="concurrent")))
    return found


def _of_endpoint(scope: Scope, average: float, count: int) -> list[Metric]:
    latency = (("avg", 1.0), ("p50", 0.94), ("p95", 1.6), ("p99", 2.4))
    return [
        *(Metric(f"latency.{name}_ms", average * shape, scope, n=count) for name, shape in latency),
        Metric("requests.count", count, scope, better=None),
        Metric("throughput.requests_per_s", min(count / 60, 20e3 / average), scope, better="higher", n=count),
        Metric("errors.count", 31.0 if average > 7000 else 0.0, scope, n=count),
        Metric("errors.ratio", 31 / 400 if average > 7000 else 0.0, scope, n=count),
        Metric("payload.wire_bytes", 4120 + average * 20, scope, n=count),
        Metric("payload.compression_ratio", 1.0 if average > 95 else 6.2, scope, better="higher", n=count),
    ]


def _sheets() -> tuple[Sheet, ...]:
    rows = [
        SheetRow(
            row[0],
            tuple(_cell(row[2 + i], "latency.avg_ms", Scope(row[0], _PHASES[i]), row[4 + i], row[1]) for i in range(2)),
            row[1],
        )
        for row in _PLAN
    ]
    memory = [
        SheetRow(name, (_cell(documented, metric, Scope(), limit, priority),), priority)
        for name, metric, documented, limit, priority, *_ in _MEMORY
    ]
    source = "Performance optimization plan, 17 September 2025"
    return (
        Sheet("Current vs Target Performance", "Endpoint", ("Avg", "Concurrent"), tuple(rows), source),
        Sheet("Memory Performance Targets", "Metric", ("Value",), tuple(memory), source),
    )


def _cell(documented: str | None, metric: str, scope: Scope, limit: float, priority: str) -> SheetCell:
    wanted = {key: value for key, value in (("endpoint", scope.endpoint), ("phase", scope.phase)) if value}
    that = f"{metric}{{{', '.join(wanted.values())}}} < {limit:g}"
    rule = Expectation(that, metric, wanted, "<", limit, priority=priority, milestone="Month 1", documented=documented)
    return SheetCell(documented, metric, wanted, rule)


def _verdict(cell: SheetCell, metrics: list[Metric]) -> Verdict:
    asked = cell.expectation
    assert asked is not None
    seen = next((m for m in metrics if m.name == asked.metric and m.scope == Scope(**asked.select)), None)
    if seen is None:
        return Verdict(asked, "unmeasured", None, f"{asked.metric} was not measured; set target.heap")
    is_met = seen.value < asked.limit
    return Verdict(asked, "pass" if is_met else "fail", seen, f"{asked.that}: observed {seen.value:g}")


def _comparison(before: Judged, after: Judged) -> Comparison:
    later = {(metric.name, metric.scope): metric for metric in after.metrics}
    changes = [
        _change(metric, later[metric.name, metric.scope])
        for metric in before.metrics
        if (metric.name, metric.scope) in later and metric.better and metric.value
    ]
    leaks = leak_changes(before.leaks, after.leaks, Tolerance())
    changes += [leak.change for leak in leaks]
    caveats = ("The host was busier in the first run.",)
    return Comparison(before.run.id, after.run.id, tuple(changes), caveats, leaks=leaks)


def _change(base: Metric, head: Metric) -> Change:
    relative = head.value / base.value - 1
    is_better = (relative < 0) == (base.better == "lower")
    direction = "same" if abs(relative) < 0.1 else "improved" if is_better else "regressed"
    interval = ((1 + relative) * 0.93 - 1, (1 + relative) * 1.08 - 1) if base.name.startswith("latency") else None
    is_gating = base.name == "latency.avg_ms"
    return Change(base.name, base.scope, base.value, head.value, relative, interval, direction, is_gating, "")


def _query(position: int) -> CapturedQuery:
    mean = (812.5, 3.2)[position]
    parameters = (ParameterSet(("secret-bind",), mean * 3),)
    return CapturedQuery(
        "beef", _SLOW, 420, mean * 420, mean, mean * 3, parameters, {"single": 20, "concurrent": 400}, database="erp"
    )


def _plan(position: int) -> QueryPlan:
    scan = PlanNode(
        kind=("Seq Scan", "Index Scan")[position],
        relation="quotations q",
        index=(None, "quotations_status_idx")[position],
        planned_rows=1200,
        actual_rows=1188,
        loops=1,
        total_ms=(764.2, 2.1)[position],
        exclusive_ms=(764.2, 2.1)[position],
        details={"Filter": "(status = 'secret-draft'::text)", "Rows Removed by Filter": 198_812},
    )
    users = PlanNode("Index Scan", "users u", "users_pkey", 1, 1188, 1188, 4.1, 4.1, {"Index Cond": "(id = q.user_id)"})
    total = (771.0, 6.9)[position]
    root = PlanNode("Nested Loop", None, None, 1200, 1188, 1, total, total - (768.3, 6.2)[position], {}, (scan, users))
    return QueryPlan("beef", root, 0.31, total, "18.6", {"work_mem": "4MB"})


def _findings() -> tuple[Finding, ...]:
    return (
        Finding(
            rule="missing_index",
            title="A filter reads the whole table quotations",
            evidence=(
                "Seq Scan on quotations read 200,000 rows and kept 1,188",
                "Filter: (status = ?) AND (year = ?)",
                "764 ms of the 771 ms of the plan",
            ),
            impact_ms=760.0,
            fix="Index the column of the filter.",
            sql="CREATE INDEX CONCURRENTLY ON quotations (status);",
            fingerprint="beef",
            node=(0,),
            originals=(("(status = ?) AND (year = ?)", "(status = 'secret-status') AND (year = 77077)"),),
        ),
        Finding(
            "row_estimate", "The planner is wrong by 20×", ("status = 'secret-draft'",), None, "ANALYZE quotations"
        ),
    )


def _timeline(position: int) -> Timeline:
    seconds = [float(second) for second in range(92)]
    rate, slow, start = ((9.0, 5200.0, 98e6), (88.0, 43.0, 101e6))[position]
    wave = [1 + 0.15 * math.sin(second / 3) for second in seconds]
    return Timeline(
        at_s=tuple(seconds),
        requests_per_s=tuple(rate * wave[i] * (0.2 if i < 31 else 1) for i in range(92)),
        p50_ms=tuple(None if i in {30, 31} else slow * wave[i] * (0.15 if i < 31 else 1) for i in range(92)),
        p95_ms=tuple(None if i in {30, 31} else 1.6 * slow * wave[i] * (0.15 if i < 31 else 1) for i in range(92)),
        errors_per_s=tuple(float(position == 0 and i > 60 and i % 4 == 0) for i in range(92)),
        memory_bytes=tuple((i / 4, start + (0.06e6, 0.002e6)[position] * i) for i in range(368)),
        cpu_ratio=tuple((i / 4, (0.95, 0.4)[position] * wave[i // 4]) for i in range(368)),
        phases=(("single", 0.0, 30.0), ("concurrent", 31.0, 91.0)),
    )
