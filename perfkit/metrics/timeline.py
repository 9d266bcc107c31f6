"""A run over time, for charts: the load, its latency and errors, and the target's memory and CPU beside them.

Warm-up is in it, with the phases marked. A request stands where it was meant to start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from perfkit.metrics.memory import source_of
from perfkit.model import Run, Timeline
from perfkit.recorded.chunks import Part
from perfkit.recorded.columns import Floats
from perfkit.recorded.readings import Readings
from perfkit.recorded.requests import Requests
from perfkit.recorded.spread import Pile, Spread

SHORTEST_S: Final = 1.0


def timeline(run: Run, points: int = 300) -> Timeline:
    """At most `points` buckets of equal length, each a second or more, and at most as many readings of each kind.

    Seconds are since the run's start, a bucket's its middle. Failed requests count as requests and as errors.
    """
    marks, samples = run.record.phases, run.samples
    origin = min(run.record.started_at, run.requests.since)
    end = max([origin, run.requests.until, *(mark.ended_at for mark in marks)])
    count = int(np.clip((end - origin) / SHORTEST_S, 1, points)) if end > origin else 0
    edges = np.linspace(0.0, end - origin, count + 1)
    buckets = list(_buckets(run.requests, origin + edges)) if count else []
    widths = np.diff(edges)
    return Timeline(
        at_s=tuple(((edges[:-1] + edges[1:]) / 2).tolist()),
        requests_per_s=_rates([made for made, _, _ in buckets], widths),
        p50_ms=tuple(spread.at(0.5) if spread else None for _, _, spread in buckets),
        p95_ms=tuple(spread.at(0.95) if spread else None for _, _, spread in buckets),
        errors_per_s=_rates([failed for _, failed, _ in buckets], widths),
        memory_bytes=_pairs(samples.of(*source_of(samples.series)), origin, points),
        cpu_ratio=_pairs(samples.of("target", "cpu_ratio"), origin, points),
        phases=tuple((mark.name, mark.started_at - origin, mark.ended_at - origin) for mark in marks),
    )


def _buckets(requests: Requests, edges: Floats) -> Iterable[tuple[int, int, Spread | None]]:
    """(requests, failed ones, response times) of each bucket; what is at the end of the last belongs to it."""
    edges = np.array([-np.inf, *edges[1:-1], np.inf])
    return map(_bucket, requests.cut_all(edges))


def _bucket(part: Part) -> tuple[int, int, Spread | None]:
    made, failed, pile = 0, 0, Pile(is_exact=part.is_exact)
    for rows in part.chunks:
        made += len(rows)
        failed += int((~rows.is_ok).sum())
        pile.add(rows.response_ms[rows.is_timed])
    return made, failed, pile.spread()


def _rates(counts: list[int], widths: Floats) -> tuple[float, ...]:
    return tuple((np.array(counts) / widths).tolist())


def _pairs(readings: Readings, origin: float, points: int) -> tuple[tuple[float, float], ...]:
    """(second, value) of at most `points` readings: of each stretch its lowest and highest, so that no peak is lost."""
    at, values = readings.at - origin, readings.highs
    kept = np.arange(len(at))
    if len(kept) > points:
        stretches = np.array_split(kept, max(points // 2, 1))
        ends = [(part[0] + extreme(values[part])) for part in stretches for extreme in (np.argmin, np.argmax)]
        kept = np.unique(ends)
    return tuple(zip(at[kept].tolist(), values[kept].tolist(), strict=True))
