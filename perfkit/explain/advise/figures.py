"""A report as it crosses to other stages: texts and figures, with the SQL of each index. Redacts nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perfkit.explain.advise.advice import Advice, NotAdvised, Report, Unneeded
from perfkit.explain.advise.applied.apply import Applied
from perfkit.explain.advise.index import create
from perfkit.model import (
    AdvisedIndex,
    DismissedIndex,
    Effect,
    IndexAdvice,
    IndexWrites,
    NotExplained,
    UnneededIndex,
)
from perfkit.redact import redact_literals


def told(report: Report) -> IndexAdvice:
    """The report in words, with the literals of statements and of the conditions of indexes."""
    return IndexAdvice(
        workload_ms=report.workload_ms,
        advice=tuple(_advice(one) for one in report.advice),
        not_advised=tuple(_not_advised(one) for one in report.not_advised),
        unneeded=tuple(_unneeded(one) for one in report.unneeded),
        overall=tuple(map(_effect, report.overall)),
        left_out=tuple(NotExplained(fingerprint, reason) for fingerprint, reason in report.left_out.items()),
        greedy_gap_ratio=report.gap,
        server_s=report.server_s,
        statistics_since=report.statistics_since,
        notes=report.notes,
    )


def _advice(one: Advice) -> AdvisedIndex:
    write = one.write
    hot = write.hot if write and write.hot else (None, None)
    return AdvisedIndex(
        index=str(one.index),
        table=str(one.index.table),
        name=one.name,
        sql=";\n".join(one.script or (create(one.index, one.name, concurrently=True),)) + ";",
        bytes=one.bytes,
        build_s=one.build_s,
        saved_ms=one.saved_ms,
        evidence=one.evidence,
        write=IndexWrites(write.wal_bytes, write.insert_ms, *hot) if write else None,
        effects=tuple(map(_effect, one.effects)),
    )


def _not_advised(one: NotAdvised) -> DismissedIndex:
    return DismissedIndex(str(one.index), one.reason, one.estimated_ms)


def _unneeded(one: Unneeded) -> UnneededIndex:
    return UnneededIndex(
        name=str(one.name),
        table=str(one.table),
        bytes=one.bytes,
        because=one.because,
        is_proven=one.is_proven,
        said=one.said,
        sql=f"DROP INDEX CONCURRENTLY {one.name};",
        effects=tuple(map(_effect, one.effects)),
    )


def _effect(one: Effect) -> Effect:
    return replace(one, statement=" ".join(one.statement.split()))


def applied_json(applied: Applied, *, show_literals: bool) -> dict[str, Any]:
    """What was built, and the script that undoes it."""
    clean = str if show_literals else redact_literals
    built = [{"name": str(step.name), "sql": clean(step.sql) + ";", "build_s": took} for step, took in applied.built]
    return {"built": built, "undo": None if applied.undo is None else str(applied.undo)}
