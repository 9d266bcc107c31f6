"""A report as plain figures and texts: what `--json` prints and the terminal shows, without literals unless asked.

An index on a condition holds the condition's literals, and so do statements: both are redacted. Names are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from perfkit.explain.advise.advice import Advice, Effect, NotAdvised, Report, Unneeded
from perfkit.explain.advise.apply import Applied
from perfkit.explain.advise.index import create
from perfkit.redact import redact_literals

SCHEMA: Final = 1

Clean = Callable[[str], str]


def figures(report: Report, applied: Applied | None = None, *, show_literals: bool = False) -> dict[str, Any]:
    """The shape that docs/index-advice.md documents."""
    clean: Clean = (lambda text: text) if show_literals else redact_literals
    return {
        "schema": SCHEMA,
        "workload_ms": report.workload_ms,
        "advice": [_advice(one, clean) for one in report.advice],
        "not_advised": [_not_advised(one, clean) for one in report.not_advised],
        "unneeded": [_unneeded(one, clean) for one in report.unneeded],
        "overall": [_effect(one, clean) for one in report.overall],
        "left_out": [{"fingerprint": key, "reason": reason} for key, reason in report.left_out.items()],
        "greedy_gap_ratio": report.gap,
        "server_s": report.server_s,
        "statistics_since": report.statistics_since,
        "notes": list(report.notes),
        "applied": None if applied is None else _applied(applied, clean),
    }


def _advice(one: Advice, clean: Clean) -> dict[str, Any]:
    return {
        "index": clean(str(one.index)),
        "name": one.name,
        "sql": clean(create(one.index, one.name, concurrently=True)) + ";",
        "bytes": one.bytes,
        "build_s": one.build_s,
        "saved_ms": one.saved_ms,
        "evidence": list(one.evidence),
        "write": None
        if one.write is None
        else {
            "wal_bytes": one.write.wal_bytes,
            "insert_ms": one.write.insert_ms,
            "hot_before_ratio": one.write.hot[0] if one.write.hot else None,
            "hot_after_ratio": one.write.hot[1] if one.write.hot else None,
        },
        "effects": [_effect(effect, clean) for effect in one.effects],
    }


def _not_advised(one: NotAdvised, clean: Clean) -> dict[str, Any]:
    return {"index": clean(str(one.index)), "reason": one.reason, "estimated_ms": one.estimated_ms}


def _unneeded(one: Unneeded, clean: Clean) -> dict[str, Any]:
    return {
        "name": str(one.name),
        "table": str(one.table),
        "bytes": one.bytes,
        "because": one.because,
        "is_proven": one.is_proven,
        "said": one.said,
        "sql": f"DROP INDEX CONCURRENTLY {one.name};",
        "effects": [_effect(effect, clean) for effect in one.effects],
    }


def _effect(one: Effect, clean: Clean) -> dict[str, Any]:
    return {
        "fingerprint": one.fingerprint,
        "statement": " ".join(clean(one.statement).split()),
        "calls": one.calls,
        "before_ms": one.before_ms,
        "after_ms": one.after_ms,
        "ratio": one.ratio,
        "interval": list(one.interval),
        "before_blocks": one.before_blocks,
        "after_blocks": one.after_blocks,
        "outcome": one.outcome,
        "rows": one.rows,
        "pairs": one.pairs,
    }


def _applied(applied: Applied, clean: Clean) -> dict[str, Any]:
    built = [{"name": str(step.name), "sql": clean(step.sql) + ";", "build_s": took} for step, took in applied.built]
    return {"built": built, "undo": None if applied.undo is None else str(applied.undo)}
