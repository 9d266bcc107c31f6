"""From runs to what is told of them: metrics, verdicts, findings, and what changed. Measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfkit import config as configs
from perfkit import metrics
from perfkit.explain import rules
from perfkit.explain.diff import diffs
from perfkit.judge.compare import compare
from perfkit.judge.diagnose import Evidence, diagnose
from perfkit.judge.diagnose.evidence import heaviest
from perfkit.judge.sampled import COMPARED
from perfkit.judge.targets import judge
from perfkit.judge.validity import validity
from perfkit.metrics.distribution import curves
from perfkit.metrics.leak import leaks_of
from perfkit.metrics.timeline import timeline
from perfkit.model import Budget, Comparison, Config, Judged, LeakVerdict, Metric, Run, RunRecord, Story
from perfkit.queries.attribution import budgets
from perfkit.queries.lock_waits import with_lock_waits
from perfkit.queries.n_plus_one import repetitions


def judge_run(run: Run, config: Config | None = None) -> Judged:
    """Everything that can be said of one run. `config` judges an old run by new targets; else by its own."""
    asked = config or _config_of(run)
    measured = tuple(metrics.compute(run))
    record = run.record if run.record.validity.checks else replace(run.record, validity=validity(run))
    heavy = heaviest(record.phases)
    spent = with_lock_waits(budgets(run.trace), measured, heavy.name if heavy else None) if run.trace else ()
    return Judged(
        run=record,
        metrics=measured,
        verdicts=judge(
            asked.expectations, measured, lambda window_s: metrics.windows(run, window_s, _in_windows(asked, window_s))
        ),
        findings=diagnose(_evidence(run, asked, record, measured, spent)),
        queries=run.queries,
        plans=run.plans,
        advice=run.advice,
        budgets=spent,
        leaks=_leaks(record),
        timeline=timeline(run),
        quantiles=_quantiles(run),
    )


def _evidence(
    run: Run, config: Config, record: RunRecord, measured: Sequence[Metric], spent: Sequence[Budget]
) -> Evidence:
    """What findings are made from. Only the readings of memory are asked for raw: how they grew within a phase."""
    memory = run.samples.of("target", "anon_bytes")
    return Evidence(
        record=record,
        metrics=measured,
        budgets=spent,
        repetitions=repetitions(run.trace) if run.trace else (),
        trace=run.trace,
        queries=run.queries,
        plans=run.plans,
        plan_findings=rules.diagnose(run.plans, run.queries),
        memory=list(zip(memory.at.tolist(), memory.values.tolist(), strict=True)),
        least_ms=config.tolerance.absolute_ms,
        advice=run.advice,
    )


def _in_windows(config: Config, window_s: float) -> set[str]:
    """What is asked for in windows of this length: a long run has more of them than could all be kept."""
    return {asked.metric for asked in config.expectations if asked.window_s == window_s}


def _config_of(run: Run) -> Config:
    return configs.restore(run.record.config, metrics=metrics.names())


def _quantiles(run: Run) -> dict[str, tuple[tuple[float, float], ...]]:
    """Distributions of each endpoint in each measured phase."""
    return {f"{phase} / {endpoint}": curve for (phase, endpoint), curve in curves(run).items() if endpoint is not None}


def tell(after: Run, before: Run | None = None, *, title: str | None = None, config: Config | None = None) -> Story:
    """The story of one run, or of two and what changed between them."""
    asked = config or _config_of(after)
    return Story(
        title=title or asked.name,
        after=judge_run(after, asked),
        before=judge_run(before, asked) if before else None,
        comparison=compare_runs(before, after, asked) if before else None,
        sheets=asked.sheets,
        plan_diffs=diffs(before.plans, after.plans) if before else (),
    )


def compare_runs(base: Run, head: Run, config: Config) -> Comparison:
    """Head against base, by blocks: consecutive stretches of each phase."""
    return compare(
        base.record,
        head.record,
        metrics.compute(base),
        metrics.compute(head),
        metrics.blocks(base, only=COMPARED),
        metrics.blocks(head, only=COMPARED),
        config.tolerance,
        (_leaks(base.record), _leaks(head.record)),
    )


def _leaks(record: RunRecord) -> tuple[LeakVerdict, ...]:
    return tuple(leak for mark in record.phases for leak in leaks_of(mark))
