"""The target's memory grows with the requests that it serves.

Where the run has a phase of equal rounds that looks for leaks, its verdict counts. Else a leak is told from 2 MB of
idle memory more after the load (the plans' own limit; allocators keep about one), and from more than all replies under
way at once may take, which an allocator keeps too. And only where the memory grew in the second half of the load at
least a quarter as much as over the whole: a cache or an allocator that fills up slows down.
"""

from __future__ import annotations

from statistics import median
from typing import Final

from perfkit import units
from perfkit.judge.diagnose.evidence import STABILITY, Evidence
from perfkit.model import Finding, PhaseMark

NAME: Final = "leak"
MIN_BYTES: Final = 2e6
COPIES: Final = 4.0  # a reply is rows, objects and text at once, and compressed text too
MIN_LATE_SHARE: Final = 0.25
_PARTS: Final = 4
_VERDICT: Final = "leak.found_count"
_PER_REQUEST: Final = "leak.per_request_bytes"


def find(evidence: Evidence) -> list[Finding]:
    verdicts = [metric.value for metric in evidence.metrics if metric.name == _VERDICT]
    if verdicts:
        kept = max((metric.value for metric in evidence.metrics if metric.name == _PER_REQUEST), default=0.0)
        line = "it grew from one equal round of load to the next, by as much in the last as in the first"
        return [_finding(kept, (line,), is_proven=True)] if max(verdicts) > 0 else []
    return _seen_under_load(evidence)


def _seen_under_load(evidence: Evidence) -> list[Finding]:
    heavy, growth = evidence.heavy, evidence.loaded("memory.growth_bytes")
    requests = evidence.loaded("requests.count")
    late = late_share(evidence, heavy) if heavy else None
    if (
        growth is None
        or growth < max(MIN_BYTES, _under_way(evidence))
        or not requests
        or late is None
        or late < MIN_LATE_SHARE
    ):
        return []
    lines = (
        f"idle memory grew by {units.show(growth, 'bytes')} over {units.count(requests, 'request')}",
        f"{late:.0%} of the growth under load came in its second half: it does not level off",
    )
    return [_finding(growth / requests, lines, is_proven=False)]


def _under_way(evidence: Evidence) -> float:
    """Bytes of all replies that may be under way at once: an allocator keeps as much, and that is no leak."""
    users = evidence.heavy.users or evidence.heavy.busiest_users if evidence.heavy else 0
    return COPIES * users * (evidence.loaded("payload.decoded_bytes") or 0.0)


def _finding(per_request: float, lines: tuple[str, ...], *, is_proven: bool) -> Finding:
    kept = (
        f"{units.show(per_request, 'bytes')} of memory for every request" if per_request > 0 else "what requests took"
    )
    return Finding(
        rule=NAME,
        title=f"The target keeps {kept}",
        evidence=lines,
        impact_ms=None,
        fix="Look for what outlives a request: module-level lists and maps, listeners that are never removed,"
        " caches without a limit, connections that are not closed.",
        milestone=STABILITY,
        confidence="proven" if is_proven else "likely",
        unless="it is a cache that has not filled up yet: measure longer, and see whether it levels off",
    )


def late_share(evidence: Evidence, phase: PhaseMark) -> float | None:
    """The part of a phase's growth that came in its second half; None where memory did not grow, or was not read."""
    read = [size for at, size in evidence.memory if phase.measured_at <= at <= phase.ended_at]
    size = len(read) // _PARTS
    if size < 2:
        return None
    start, middle, end = (median(read[at : at + size]) for at in (0, (len(read) - size) // 2, len(read) - size))
    return (end - middle) / (end - start) if end > start else None
