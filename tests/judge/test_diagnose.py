"""Findings: each by the facts that it needs, and not by facts that fall a little short of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from perfkit.explain.rules import RULES
from perfkit.judge.diagnose import FINDERS, SAME_CAUSE, Evidence, diagnose
from perfkit.judge.diagnose.advised import INDEX_RULES
from perfkit.judge.diagnose.selects import is_bounded, stars
from perfkit.model import (
    AdvisedIndex,
    Budget,
    CapturedQuery,
    Effect,
    Finding,
    IndexAdvice,
    Metric,
    PlanNode,
    QueryPlan,
    Repetition,
    Scope,
    StatementShare,
    Trace,
    TracedExecution,
    TracedRequest,
    TracedStatement,
)
from perfkit.report.redaction import told_finding
from tests.builders import START, a_phase, a_run

LIST = "SELECT id, name FROM customers ORDER BY id"
WRITING = StatementShare(TracedStatement("f", "UPDATE t", is_write=True), 1, 30, 30)
PHASES = (a_phase("single"), a_phase("concurrent", 60, 120, users=50))


def figures(endpoint: str | None = "List", phase: str = "concurrent", **values: float) -> list[Metric]:
    """Metrics of an endpoint in a phase; `latency_avg_ms` is latency.avg_ms."""
    scope = Scope(endpoint=endpoint, phase=phase)
    return [Metric(name.replace("_", ".", 1), value, scope) for name, value in values.items()]


def a_budget(sql: str = LIST, *, calls: float = 1, ms: float = 10.0, service_ms: float = 50.0, **facts: Any) -> Budget:
    """An endpoint with one statement."""
    statement = TracedStatement("f", sql, is_write=False, rows=facts.pop("rows", 10.0), blocks=1.0)
    plain = Budget(
        endpoint="List",
        requests=3,
        service_ms=service_ms,
        calls=calls,
        execution_ms=ms,
        planning_ms=0.0,
        round_trips_ms=0.0,
        rest_ms=service_ms - ms,
        rows=10.0,
        blocks=1.0,
        statements=(StatementShare(statement, calls, ms, ms),) if calls else (),
    )
    return replace(plain, **facts)


def evidence(*metrics: Metric, provenance: Mapping[str, Any] | None = None, **facts: Any) -> Evidence:
    """A run with a phase of one user and one of fifty: 1,000 requests of List, 100 ms each."""
    plain = figures(requests_count=1000, latency_avg_ms=100)
    given = {(metric.name, metric.scope) for metric in metrics}
    kept = [metric for metric in plain if (metric.name, metric.scope) not in given]
    record = replace(a_run(phases=facts.pop("phases", PHASES)).record, provenance=provenance or {"cpus": 4})
    return Evidence(record=record, metrics=[*kept, *metrics], **facts)


def rules(facts: Evidence) -> list[str]:
    return [finding.rule for finding in diagnose(facts)]


def test_a_run_about_which_nothing_is_known_has_no_finding() -> None:
    assert diagnose(Evidence(record=a_run().record)) == ()


def test_every_finder_has_a_name_of_its_own() -> None:
    names = [finder.NAME for finder in FINDERS]
    assert len(names) == len(set(names))
    assert set(SAME_CAUSE.values()) <= set(names)


# N+1


def a_repetition(**facts: Any) -> Repetition:
    plain = Repetition("List", "f", "SELECT name FROM items WHERE id = $1", "LOOP", 50, 40.0, 0.8, batch="SELECT …")
    return replace(plain, **facts)


def test_an_n_plus_one_costs_its_share_of_the_time_under_load() -> None:
    (finding,) = diagnose(evidence(repetitions=[a_repetition()]))
    assert (finding.rule, finding.impact_ms, finding.confidence) == ("n_plus_one", pytest.approx(80), "measured")


def test_an_n_plus_one_that_grows_with_the_page_is_proven() -> None:
    grown, ignored = (
        a_repetition(sizes=((10, 25.0), (40, calls)), slope=slope) for calls, slope in ((100, 2.5), (25, 0))
    )
    assert diagnose(evidence(repetitions=[grown]))[0].confidence == "proven"
    (finding,) = diagnose(evidence(repetitions=[ignored]))
    assert finding.confidence == "measured"
    assert "does not follow the page size" in finding.evidence[1]


@pytest.mark.parametrize("facts", [{"share": 0.09}, {"share": 0.2, "endpoint": "Fast"}])
def test_an_n_plus_one_that_costs_little_is_none(facts: dict[str, Any]) -> None:
    """A tenth of the request, and the milliseconds that a comparison would see."""
    fast = figures("Fast", requests_count=10, latency_avg_ms=20)
    assert rules(evidence(*fast, repetitions=[a_repetition(**facts)])) == []


# Unbounded results, over-fetching


def test_a_whole_table_in_a_reply_is_unbounded() -> None:
    large = figures(payload_decoded_bytes=400_000)
    assert rules(evidence(*large, budgets=[a_budget(rows=3000.0)])) == ["unbounded_result"]


@pytest.mark.parametrize(
    ("sql", "rows", "reply_bytes"),
    [
        (f"{LIST} LIMIT 3000", 3000.0, 4e5),
        (LIST, 499.0, 4e5),
        (LIST, 3000.0, 4e4),
        ("SELECT count(*) FROM customers", 1.0, 4e5),
        ("DELETE FROM customers RETURNING id", 3000.0, 4e5),
    ],
)
def test_a_bounded_or_small_result_is_not(sql: str, rows: float, reply_bytes: float) -> None:
    large = figures(payload_decoded_bytes=reply_bytes)
    assert rules(evidence(*large, budgets=[a_budget(sql, rows=rows)])) == []


def test_all_columns_in_a_large_reply_are_over_fetching() -> None:
    reply = figures(payload_decoded_bytes=40_000)
    assert rules(evidence(*reply, budgets=[a_budget("SELECT * FROM customers LIMIT 50", rows=50.0)])) == [
        "over_fetching"
    ]
    assert rules(evidence(*reply, budgets=[a_budget(f"{LIST} LIMIT 50", rows=50.0)])) == []
    narrow = figures(payload_decoded_bytes=12_000)
    assert rules(evidence(*narrow, budgets=[a_budget("SELECT * FROM customers LIMIT 50", rows=50.0)])) == []


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT * FROM t", 1),
        ("SELECT t.*, u.* FROM t, u", 2),
        ("SELECT count(*) FROM t", 0),
        ("SELECT a * b FROM t", 0),
        ("SELECT q.*, i.id FROM (SELECT id, name FROM t) q JOIN i ON i.t = q.id", 0),
        ("SELECT q.* FROM (SELECT * FROM t) AS q", 1),
    ],
)
def test_which_stars_select_a_table(sql: str, count: int) -> None:
    assert stars(sql) == count


@pytest.mark.parametrize(
    ("sql", "bounded"),
    [
        (LIST, False),
        (f"{LIST} FETCH FIRST 5 ROWS ONLY", True),
        ("SELECT max(id) FROM t", True),
        ("SELECT a, count(*) FROM t GROUP BY a", False),
        ("SELECT * FROM (SELECT id FROM t LIMIT 5) q", False),
    ],
)
def test_which_results_have_a_bound(sql: str, bounded: bool) -> None:
    """Of the outermost query; a LIMIT inside may be multiplied by a join."""
    assert is_bounded(sql) == bounded


# Compression, caching


@pytest.mark.parametrize(("size", "ratio", "found"), [(8000, 1.0, True), (8000, 3.0, False), (1500, 1.0, False)])
def test_large_replies_as_they_are(size: float, ratio: float, found: bool) -> None:
    sent = figures(payload_wire_bytes=size, payload_compression_ratio=ratio)
    assert rules(evidence(*sent)) == (["no_compression"] if found else [])


def traced(*values: str, ms: float = 30.0) -> Trace:
    """Requests of 50 ms with one statement each, with these values."""
    requests = [
        TracedRequest("List", START + at, 50.0, (TracedExecution("f", 40.0, ms, values=value),))
        for at, value in enumerate(values)
    ]
    return Trace("trace", requests=tuple(requests))


def test_the_same_answer_again_and_again_could_be_kept() -> None:
    facts = evidence(trace=traced("a", "a", "a"), budgets=[a_budget(ms=30)])
    assert rules(facts) == ["no_caching"]
    assert diagnose(facts)[0].impact_ms == pytest.approx(60)


@pytest.mark.parametrize(
    "facts",
    [
        {"trace": traced("a", "b", "c")},
        {"trace": traced("a", "a", "a", ms=10)},
        {"trace": traced("a")},
        {"metrics": figures(cache_hit_ratio=0.9)},
        {"budgets": [replace(a_budget(ms=30), statements=(WRITING,))]},
    ],
    ids=["other values", "a fifth of the time", "one request", "mostly from the cache", "it writes"],
)
def test_what_need_not_be_kept(facts: dict[str, Any]) -> None:
    plain = {"trace": traced("a", "a", "a"), "budgets": [a_budget(ms=30)]}
    metrics = facts.pop("metrics", [])
    assert rules(evidence(*metrics, **plain | facts)) == []


# Waiting


def waiting(
    busy: float = 1.9,
    connections: float = 2,
    loaded_ms: float = 900.0,
    sql_ms: float = 2.0,
    cpu: float = 0.3,
    idle: float = 0.0,
) -> Evidence:
    metrics = [
        *figures(requests_count=1000, latency_avg_ms=loaded_ms),
        *figures(phase="single", latency_avg_ms=10.0),
        *figures(None, sessions_connections_count=connections, sessions_busy_count=busy, cpu_avg_ratio=cpu),
        *figures(None, sessions_idle_in_transaction_count=idle),
    ]
    return evidence(*metrics, budgets=[a_budget(ms=sql_ms)])


def test_a_used_up_pool() -> None:
    """All connections busy, and fast SQL in a slow reply."""
    assert rules(waiting()) == ["pool_exhaustion"]


@pytest.mark.parametrize(("idle", "fix"), [(1.5, "End the transaction"), (0.4, "Make the statements")])
def test_the_fix_of_a_used_up_pool_is_for_what_holds_the_connections(idle: float, fix: str) -> None:
    """Mostly idle in open transactions: something that is no SQL. Mostly executing: the SQL."""
    (finding,) = diagnose(waiting(idle=idle))
    assert finding.fix.startswith(fix)


@pytest.mark.parametrize(
    "facts",
    [{"busy": 1.5}, {"connections": 30.0, "busy": 30.0}, {"loaded_ms": 19.0}, {"sql_ms": 200.0}],
    ids=["connections to spare", "as many as users", "not slower", "the SQL is what is slow"],
)
def test_no_used_up_pool(facts: dict[str, float]) -> None:
    assert rules(waiting(**facts)) == []


@pytest.mark.parametrize(("under_load_ms", "found"), [(60.0, True), (120.0, False)])
def test_statements_that_are_slower_too_wait_in_the_database(under_load_ms: float, found: bool) -> None:
    """Alone 30 ms. Up to twice that they share the cores with others; beyond, the database is what is busy."""
    query = CapturedQuery("f", LIST, calls=9, total_ms=9 * under_load_ms, mean_ms=under_load_ms, max_ms=under_load_ms)
    facts = replace(waiting(), trace=traced("a", "b"), queries=[query])
    assert ("pool_exhaustion" in rules(facts)) == found


def test_a_target_without_cpu_is_slow_for_that_reason() -> None:
    assert rules(waiting(cpu=0.97)) == ["cpu_bound"]


@pytest.mark.parametrize(("cpu", "found"), [(0.95, True), (0.8, False), (2.0, False), (3.7, True)])
def test_one_core_or_all_of_them(cpu: float, found: bool) -> None:
    """Two busy cores of four are neither."""
    assert rules(evidence(*figures(None, cpu_avg_ratio=cpu))) == (["cpu_bound"] if found else [])


@pytest.mark.parametrize(("wait_ms", "found"), [(20.0, True), (9.0, False)])
def test_lock_waits_of_all_requests(wait_ms: float, found: bool) -> None:
    """Where no trace tells whose they are; a tenth of the mean response time."""
    facts = figures(None, sessions_lock_waiting_count=2, sql_lock_wait_per_request_ms=wait_ms, latency_avg_ms=100)
    findings = diagnose(evidence(*facts))
    assert [(one.rule, one.impact_ms) for one in findings] == ([("lock_waits", 20.0)] if found else [])


def test_lock_waits_of_an_endpoint_are_told_there() -> None:
    """With its statement, also where they are little of all requests."""
    facts = figures(None, sessions_lock_waiting_count=2, sql_lock_wait_per_request_ms=1.0, latency_avg_ms=100)
    share = replace(WRITING, lock_wait_ms=40.0)
    (finding,) = diagnose(evidence(*facts, budgets=[a_budget(lock_wait_ms=40.0, statements=(share,))]))
    assert (finding.rule, finding.endpoint, finding.impact_ms, finding.share) == ("lock_waits", "List", 40.0, 0.4)
    assert "most in UPDATE t" in finding.evidence[0]


@pytest.mark.parametrize("wait_ms", [None, 0.0, 9.0])
def test_what_hardly_waits_or_is_not_known_to_is_no_finding(wait_ms: float | None) -> None:
    assert rules(evidence(budgets=[a_budget(lock_wait_ms=wait_ms)])) == []


# Memory, the generator, failures


def growing(*sizes: float, growth: float = 20e6) -> Evidence:
    """Readings of memory over the loaded phase."""
    step = 60 / len(sizes)
    memory = [(START + 60 + number * step, size) for number, size in enumerate(sizes)]
    metrics = [*figures(None, requests_count=1000, memory_growth_bytes=growth)]
    return evidence(*metrics, memory=memory)


def test_memory_that_does_not_level_off_is_a_leak() -> None:
    (finding,) = diagnose(growing(*range(0, 100, 5)))
    assert (finding.rule, finding.confidence) == ("leak", "likely")


def test_memory_that_levels_off_is_none() -> None:
    """A cache, or an allocator."""
    assert rules(growing(*[0, 20, 40, 60, 80, 95, 96, 97, *[98.0] * 12])) == []
    assert rules(growing(*range(0, 100, 5), growth=1.9e6)) == []


def test_what_replies_under_way_take_is_no_leak() -> None:
    """50 users with replies of 200 kB: an allocator that keeps 40 MB has seen them all at once."""
    facts = growing(*range(0, 100, 5))
    large = figures(None, payload_decoded_bytes=200_000)
    assert rules(replace(facts, metrics=[*facts.metrics, *large])) == []


def test_the_verdict_of_equal_rounds_counts_for_more() -> None:
    proven = Metric("leak.found_count", 1.0, Scope(phase="rounds"))
    assert diagnose(evidence(proven))[0].confidence == "proven"
    facts = growing(*range(0, 100, 5))
    assert rules(replace(facts, metrics=[*facts.metrics, replace(proven, value=0.0)])) == []


def test_a_generator_near_its_limit_comes_first() -> None:
    phases = (PHASES[0], replace(PHASES[1], generator_cpu_ratio=0.75))
    assert rules(evidence(phases=phases, repetitions=[a_repetition()])) == ["generator_bound", "n_plus_one"]


@pytest.mark.parametrize(("cpu", "lag_ms", "is_busy"), [(0.08, 60.0, True), (0.75, 60.0, False), (0.75, 1.0, False)])
def test_a_generator_that_is_late_with_cpu_left_is_on_a_busy_machine(cpu: float, lag_ms: float, is_busy: bool) -> None:
    phases = (PHASES[0], replace(PHASES[1], generator_cpu_ratio=cpu, loop_lag_p99_ms=lag_ms))
    (found,) = diagnose(evidence(phases=phases))
    assert ("the machine is busy" in found.fix) == is_busy


@pytest.mark.parametrize(("total", "found"), [(0.01, True), (0.05, False)])
def test_one_endpoint_that_fails_behind_a_good_total(total: float, found: bool) -> None:
    """Where all fail, the total tells."""
    facts = [*figures(errors_ratio=0.1, errors_count=100), *figures(None, errors_ratio=total)]
    assert rules(evidence(*facts)) == (["failing_endpoint"] if found else [])


# Plans


def a_plan(fingerprint: str = "f", ms: float = 10.0) -> QueryPlan:
    return QueryPlan(fingerprint, PlanNode("Seq Scan", "t", None, 1, 1, 1, ms, ms, {}), 0.1, ms, "18")


def a_plan_finding(**facts: Any) -> Finding:
    return replace(Finding("selective_seq_scan", "t is read whole", ("so much",), 5.0, "fix", "CREATE …", "f"), **facts)


def test_what_a_plan_tells_is_placed_at_its_endpoint_under_load() -> None:
    """Half of a plan that is 40 % of a request of 100 ms."""
    (finding,) = diagnose(evidence(plans=[a_plan()], plan_findings=[a_plan_finding()], budgets=[a_budget(ms=20)]))
    assert (finding.endpoint, finding.share, finding.impact_ms) == ("List", pytest.approx(0.2), pytest.approx(20))


def test_what_a_plan_tells_of_a_cheap_statement_is_no_finding() -> None:
    assert rules(evidence(plans=[a_plan()], plan_findings=[a_plan_finding()], budgets=[a_budget(ms=1)])) == []


def test_without_a_trace_plans_tell_what_they_know() -> None:
    (finding,) = diagnose(evidence(plans=[a_plan()], plan_findings=[a_plan_finding()]))
    assert (finding.endpoint, finding.impact_ms, finding.share) == (None, 5.0, None)


def test_one_cause_in_two_statements_is_told_once() -> None:
    """The same index mends both."""
    two = [a_plan_finding(), a_plan_finding(fingerprint="g")]
    statements = tuple(StatementShare(TracedStatement(name, LIST, is_write=False), 1, 10, 10) for name in ("f", "g"))
    budget = replace(a_budget(), statements=statements)
    (finding,) = diagnose(evidence(plans=[a_plan(), a_plan("g")], plan_findings=two, budgets=[budget]))
    assert finding.impact_ms == pytest.approx(20)


def test_a_rule_of_plans_is_silent_where_the_run_tells_the_same_cause() -> None:
    facts = evidence(
        *figures(payload_decoded_bytes=400_000),
        budgets=[a_budget(rows=3000.0)],
        plans=[a_plan()],
        plan_findings=[a_plan_finding(rule="unbounded_result", sql=None)],
    )
    assert len(diagnose(facts)) == 1


def test_what_costs_most_under_load_comes_first() -> None:
    """Milliseconds of a request times its requests."""
    rare = [*figures("Rare", requests_count=10, latency_avg_ms=900)]
    facts = evidence(*rare, repetitions=[a_repetition(endpoint="Rare"), a_repetition()])
    assert [finding.endpoint for finding in diagnose(facts)] == ["List", "Rare"]


# Indexes that were proven


def an_advice(**facts: Any) -> IndexAdvice:
    """One index on t, with which the statement f takes 1 ms where it took 9."""
    effect = Effect("f", LIST, 100, 9.0, 1.0, 0.11, (0.1, 0.12), 900.0, 3.0, "faster", "same", 9)
    plain = AdvisedIndex(
        index="t (a) WHERE (b <> 'secret')",
        table="public.t",
        name="ix_t_a",
        sql="CREATE INDEX CONCURRENTLY ix_t_a ON public.t (a) WHERE (b <> 'secret');",
        bytes=8192,
        build_s=0.1,
        saved_ms=800.0,
        evidence=(),
        write=None,
        effects=(effect,),
    )
    effects = facts.pop("effects", None)
    changed = replace(plain, **facts)
    return IndexAdvice(900.0, (replace(changed, effects=effects(effect)) if effects else changed,))


def test_a_missing_index_is_the_one_that_was_proven() -> None:
    """Its literals are the application's own, and shown on demand only."""
    facts = evidence(plans=[a_plan()], plan_findings=[a_plan_finding()], advice=an_advice())
    (finding,) = diagnose(facts)
    assert finding.sql == "CREATE INDEX CONCURRENTLY ix_t_a ON public.t (a) WHERE (b <> ?);"
    assert finding.confidence == "proven"
    assert "9.00 ms → 1.00 ms" in finding.evidence[-1]
    assert "WHERE (b <> 'secret')" in str(told_finding(finding, show_literals=True).sql)
    assert "secret" not in str(told_finding(finding))


@pytest.mark.parametrize(
    "facts",
    [
        {"table": "public.other_t"},
        {"effects": lambda effect: (replace(effect, fingerprint="g"),)},
        {"effects": lambda effect: (replace(effect, outcome="same"),)},
    ],
    ids=["another table", "another statement", "no faster"],
)
def test_an_index_for_something_else_proves_nothing(facts: dict[str, Any]) -> None:
    (finding,) = diagnose(evidence(plans=[a_plan()], plan_findings=[a_plan_finding()], advice=an_advice(**facts)))
    assert (finding.sql, finding.confidence) == ("CREATE …", "measured")


def test_what_no_index_mends_stays_as_it_is() -> None:
    plan_finding = a_plan_finding(rule="jit_overhead")
    (finding,) = diagnose(evidence(plans=[a_plan()], plan_findings=[plan_finding], advice=an_advice()))
    assert finding.sql == "CREATE …"


def test_a_trade_is_told_with_the_fix() -> None:
    advice = an_advice(effects=lambda effect: (effect, replace(effect, fingerprint="g", outcome="slower")))
    (finding,) = diagnose(evidence(plans=[a_plan()], plan_findings=[a_plan_finding()], advice=advice))
    assert "makes 1 other statement slower" in finding.fix


def test_the_rules_that_an_index_may_mend_exist() -> None:
    assert {rule.NAME for rule in RULES} >= INDEX_RULES


# Literals


def test_a_traced_statement_is_told_as_it_was_captured_where_that_is_wanted() -> None:
    """The trace keeps none of its literals."""
    traced_as = TracedStatement("f", "SELECT name FROM items WHERE kind = ? AND id = $1")
    query = CapturedQuery("f", traced_as.statement.replace("?", "'rare'"), 9, 9.0, 1.0, 1.0)
    loop = a_repetition(statement=traced_as.statement)
    facts = evidence(repetitions=[loop], queries=[query], trace=Trace("trace", (traced_as,)))
    (finding,) = diagnose(facts)
    hidden, shown = (told_finding(finding, show_literals=wanted).evidence[0] for wanted in (False, True))
    assert ("kind = ? AND" in hidden, "kind = 'rare' AND" in shown) == (True, True)


def test_literals_are_put_back_once_and_the_longest_form_first() -> None:
    pairs = (("a = ?", "a = 'b = ?'"), ("b = ?", "b = 7"), ("a = ? AND b = ?", "a = 1 AND b = 2"))
    finding = Finding("r", "a = ?", ("a = ? AND b = ?", "b = ?"), None, "fix", sql="a = ?", originals=pairs)
    shown = told_finding(finding, show_literals=True)
    assert (shown.title, shown.evidence, shown.sql) == ("a = 'b = ?'", ("a = 1 AND b = 2", "b = 7"), "a = 'b = ?'")
    assert (told_finding(finding).sql, told_finding(finding).originals) == ("a = ?", ())
