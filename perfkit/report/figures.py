"""The result as JSON, in a versioned shape: for a run of its own, or for two and what changed between them.

    {"schema": 1, "run": {…}, "status": …, "metrics": [{"name", "value", "scope": {…}, "better", "n", "interval"}],
     "verdicts": […], "validity": […], "findings": […], "advice": {…} or null, "budgets": […], "leaks": […],
     "queries": […]}

For two runs: {"schema": 1, "title": …, "before": a run as above, "after": another, "changes": […], "leaks": […],
 "caveats": […]}; there, leaks are verdicts side by side.
A scope names only what it is about; a number that is not finite is null, as JSON has no other word for it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any, Final

from perfkit.model import CapturedQuery, Change, Check, Finding, Judged, LeakChange, Metric, Scope, Story, Verdict
from perfkit.report.redaction import redacted, redacted_run

SCHEMA: Final = 1
_SCOPE: Final = tuple(key.name for key in fields(Scope))


def metrics_json(told: Story | Judged) -> dict[str, Any]:
    """What metrics.json and `--json` hold, of a story or of one run, without literals of its SQL."""
    content = _run(redacted_run(told)) if isinstance(told, Judged) else _story(redacted(told))
    return {key: _finite(value) for key, value in content.items()}


def _story(story: Story) -> dict[str, Any]:
    if story.before is None:
        return _run(story.after)
    comparison = story.comparison
    return {
        "schema": SCHEMA,
        "title": story.title,
        "before": _run(story.before),
        "after": _run(story.after),
        "changes": [_change(change) for change in comparison.changes] if comparison else [],
        "leaks": [_leak(leak) for leak in comparison.leaks] if comparison else [],
        "caveats": list(comparison.caveats) if comparison else [],
    }


def _run(judged: Judged) -> dict[str, Any]:
    run = judged.run
    return {
        "schema": SCHEMA,
        "run": {
            "id": run.id,
            "name": run.name,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "phases": [asdict(mark) for mark in run.phases],
            "provenance": dict(run.provenance),
            "notes": list(run.notes),
        },
        "status": run.status,
        "metrics": [_metric(metric) for metric in judged.metrics],
        "verdicts": [_verdict(verdict) for verdict in judged.verdicts],
        "validity": [_check(check) for check in run.validity.checks],
        "findings": [finding_json(finding) for finding in judged.findings],
        "advice": asdict(judged.advice) if judged.advice else None,
        "budgets": [asdict(budget) for budget in judged.budgets],
        "leaks": [asdict(leak) for leak in judged.leaks],
        "queries": [_query(query) for query in judged.queries],
    }


def _scope(scope: Scope) -> dict[str, str]:
    return {key: value for key in _SCOPE if (value := getattr(scope, key)) is not None}


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "value": metric.value,
        "scope": _scope(metric.scope),
        "better": metric.better,
        "n": metric.n,
        "interval": list(metric.interval) if metric.interval else None,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    asked = verdict.expectation
    return {
        "that": asked.that,
        "outcome": verdict.outcome,
        "observed": _metric(verdict.observed) if verdict.observed else None,
        "message": verdict.message,
        "metric": asked.metric,
        "select": dict(asked.select),
        "op": asked.op,
        "limit": asked.limit,
        "window_s": asked.window_s,
        "optional": asked.is_optional,
        "advisory": asked.is_advisory,
        "priority": asked.priority,
        "milestone": asked.milestone,
        "documented": asked.documented,
    }


def _check(check: Check) -> dict[str, Any]:
    said = {"observed": check.observed, "limit": check.limit, "remedy": check.remedy}
    return {"name": check.name, "ok": check.is_ok, **said}


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding that may be shown as it is: what it was before its literals were taken out is no part of it."""
    return {key: value for key, value in asdict(finding).items() if key != "originals"}


def _query(query: CapturedQuery) -> dict[str, Any]:
    """The key to the scope of the sql metrics; bind parameters stay in the run folder."""
    told = ("fingerprint", "statement", "calls", "total_ms", "mean_ms", "max_ms")
    counts = {"phases": dict(query.phases), "users": dict(query.users)}
    return {key: getattr(query, key) for key in told} | counts


def _change(change: Change) -> dict[str, Any]:
    return {
        "metric": change.metric,
        "scope": _scope(change.scope),
        "base": change.base,
        "head": change.head,
        "relative": change.relative,
        "interval": list(change.interval) if change.interval else None,
        "direction": change.direction,
        "gating": change.is_gating,
        "message": change.message,
        "difference": list(change.difference) if change.difference else None,
    }


def _leak(leak: LeakChange) -> dict[str, Any]:
    """The verdicts of a resource side by side; all that is known of them is in `leaks` of each run."""
    told = ("outcome", "per_request", "interval", "confidence")
    sides = {"before": leak.before, "after": leak.after}
    verdicts = {
        name: {key: getattr(side, key) for key in told} if side is not None else None for name, side in sides.items()
    }
    return {"phase": leak.phase, "resource": leak.resource, **verdicts, "change": _change(leak.change)}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
