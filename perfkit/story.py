"""From runs to what is told of them: metrics, verdicts, findings, and what changed. Measures nothing."""

from __future__ import annotations

from dataclasses import replace

from perfkit import config as configs
from perfkit import metrics
from perfkit.explain.rules import diagnose
from perfkit.judge.compare import compare
from perfkit.judge.targets import judge
from perfkit.judge.validity import validity
from perfkit.metrics.distribution import quantiles
from perfkit.metrics.timeline import timeline
from perfkit.model import Comparison, Config, Judged, Run, Story


def judge_run(run: Run, config: Config | None = None) -> Judged:
    """Everything that can be said of one run. `config` judges an old run by new targets; else by its own."""
    asked = config or _config_of(run)
    measured = tuple(metrics.compute(run))
    record = run.record if run.record.validity.checks else replace(run.record, validity=validity(run))
    return Judged(
        run=record,
        metrics=measured,
        verdicts=judge(asked.expectations, measured, lambda window_s: metrics.windows(run, window_s)),
        findings=diagnose(run.plans, run.queries),
        queries=run.queries,
        plans=run.plans,
        timeline=timeline(run),
        quantiles=_quantiles(run),
    )


def _config_of(run: Run) -> Config:
    return configs.restore(run.record.config, metrics=metrics.names())


def _quantiles(run: Run) -> dict[str, tuple[tuple[float, float], ...]]:
    """Distributions of each endpoint in each measured phase."""
    curves = {}
    for mark in run.record.phases:
        rows = run.requests[run.requests["phase"] == mark.name]
        for endpoint in sorted(set(rows["endpoint"].dropna())):
            if curve := quantiles(run, mark.name, endpoint):
                curves[f"{mark.name} / {endpoint}"] = curve
    return curves


def tell(after: Run, before: Run | None = None, *, title: str | None = None, config: Config | None = None) -> Story:
    """The story of one run, or of two and what changed between them."""
    asked = config or _config_of(after)
    return Story(
        title=title or asked.name,
        after=judge_run(after, asked),
        before=judge_run(before, asked) if before else None,
        comparison=compare_runs(before, after, asked) if before else None,
        sheets=asked.sheets,
    )


def compare_runs(base: Run, head: Run, config: Config) -> Comparison:
    """Head against base, by blocks: consecutive stretches of each phase."""
    return compare(
        base.record,
        head.record,
        metrics.compute(base),
        metrics.compute(head),
        metrics.blocks(base),
        metrics.blocks(head),
        config.tolerance,
    )
