"""Phases in which nothing succeeded: said once for all endpoints, with what went wrong most. Judges no figure."""

from __future__ import annotations

from collections import Counter

from perfkit.model import Run


def all_failed(run: Run) -> list[str]:
    """A sentence for each measured phase without a single success."""
    tallies = run.requests.tallies
    failing = [mark.name for mark in run.record.phases if mark.name in tallies]
    return [_told(run, name) for name in failing if 0 < tallies[name].measured == tallies[name].failed]


def _told(run: Run, phase: str) -> str:
    said, kinds = run.requests.messages(phase), Counter[str]()
    for (kind, _), count in said.items():
        kinds[kind] += count
    ((worst, count),) = kinds.most_common(1)
    ((message, _),) = Counter({text: number for (kind, text), number in said.items() if kind == worst}).most_common(1)
    requests = run.requests.tallies[phase].measured
    return f"phase {phase}: no request of {requests:,} succeeded; {count:,} × {worst}: {message}"
