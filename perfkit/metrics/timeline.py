"""A run over time, for charts: the load, its latency and errors, and the target's memory and CPU beside them.

Warm-up is in it, with the phases marked. A request stands where it was meant to start.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from perfkit.metrics.measured import NO_READINGS, Readings, measured_of
from perfkit.metrics.memory import source_of
from perfkit.metrics.rows import Codes, Floats, Rows, rows_of
from perfkit.model import Run, Timeline

SHORTEST_S: Final = 1.0
_PERCENTS: Final = (50, 95)


def timeline(run: Run, points: int = 300) -> Timeline:
    """At most `points` buckets of equal length, each a second or more, and at most as many readings of each kind.

    Seconds are since the run's start, a bucket's its middle. Failed requests count as requests and as errors.
    """
    rows, samples, marks = rows_of(run.requests), measured_of(run).samples, run.record.phases
    origin = min(run.record.started_at, float(rows.intended_at.min(initial=np.inf)))
    end = max([float(rows.intended_at.max(initial=origin)), *(mark.ended_at for mark in marks)])
    count = int(np.clip((end - origin) / SHORTEST_S, 1, points)) if end > origin else 0
    edges = np.linspace(0.0, end - origin, count + 1)
    bucket = np.clip(np.searchsorted(edges, rows.intended_at - origin, side="right") - 1, 0, max(count - 1, 0))
    percentiles = _percentiles(rows, bucket, count)
    return Timeline(
        at_s=tuple(((edges[:-1] + edges[1:]) / 2).tolist()),
        requests_per_s=_rates(bucket, edges),
        p50_ms=tuple(p50 for p50, _ in percentiles),
        p95_ms=tuple(p95 for _, p95 in percentiles),
        errors_per_s=_rates(bucket[~rows.is_ok], edges),
        memory_bytes=_pairs(samples.get(source_of(samples), NO_READINGS), origin, points),
        cpu_ratio=_pairs(samples.get(("target", "cpu_ratio"), NO_READINGS), origin, points),
        phases=tuple((mark.name, mark.started_at - origin, mark.ended_at - origin) for mark in marks),
    )


def _rates(bucket: Codes, edges: Floats) -> tuple[float, ...]:
    widths = np.diff(edges)
    return tuple((np.bincount(bucket, minlength=len(widths)) / widths).tolist()) if len(widths) else ()


def _percentiles(rows: Rows, bucket: Codes, count: int) -> list[tuple[float | None, float | None]]:
    """(p50, p95) of each bucket's response times; None where there are none."""
    known = np.flatnonzero(rows.is_timed & ~np.isnan(rows.response_ms))
    order = known[np.argsort(bucket[known].astype(np.min_scalar_type(max(count, 1))), kind="stable")]
    places = np.searchsorted(bucket[order], np.arange(count + 1))
    parts = (rows.response_ms[order[start:end]] for start, end in pairwise(places))
    return [tuple(np.percentile(part, _PERCENTS).tolist()) if len(part) else (None, None) for part in parts]


def _pairs(readings: Readings, origin: float, points: int) -> tuple[tuple[float, float], ...]:
    """(second, value) of at most `points` readings: of each stretch its lowest and highest, so that no peak is lost."""
    kept = np.arange(len(readings))
    if len(kept) > points:
        stretches = np.array_split(kept, max(points // 2, 1))
        ends = [(part[0] + extreme(readings.values[part])) for part in stretches for extreme in (np.argmin, np.argmax)]
        kept = np.unique(ends)
    return tuple(zip((readings.at[kept] - origin).tolist(), readings.values[kept].tolist(), strict=True))
