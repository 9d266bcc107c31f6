"""What changed between two separate runs, and what weakens that. Knows two lists of metrics and of blocks, no files."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from perfkit import reading, units
from perfkit.judge.counted import counted_changes
from perfkit.judge.leaks import leak_changes
from perfkit.judge.pairs import index
from perfkit.judge.sampled import LATENCIES, sampled_changes
from perfkit.model import Change, Comparison, Direction, LeakVerdict, Metric, RunRecord, Scope, Tolerance

BLOCK_S: Final = 15.0
SAME_RATE: Final = 0.02  # the end of a phase is not to the last arrival
_SEVERITY: Final[tuple[Direction, ...]] = ("regressed", "improved", "inconclusive", "tiny", "same")
_SEPARATE: Final = (
    "Two separate runs: the noise of the machine between them is not in the intervals; "
    "interleaved pairs would be stronger."
)


def compare(
    base: RunRecord,
    head: RunRecord,
    base_metrics: Sequence[Metric],
    head_metrics: Sequence[Metric],
    base_blocks: Sequence[Sequence[Metric]],
    head_blocks: Sequence[Sequence[Metric]],
    tolerance: Tolerance,
    leaks: tuple[Sequence[LeakVerdict], Sequence[LeakVerdict]] = ((), ()),
) -> Comparison:
    """Head against base. `*_blocks` are the metrics of equal, consecutive stretches of each phase, in their order;
    `leaks` the verdicts of base and of head.
    """
    sides = index(base_metrics), index(head_metrics)
    leaking = leak_changes(*leaks, tolerance)
    changes = [
        *sampled_changes(*sides, base_blocks, head_blocks, tolerance),
        *counted_changes(*sides, tolerance),
        *(it.change for it in leaking),
    ]
    return Comparison(
        base_id=base.id,
        head_id=head.id,
        changes=tuple(sorted(_without_survivors(changes), key=_severity)),
        caveats=(
            _SEPARATE,
            *_differences(base, head),
            *_short_blocks((base, base_blocks), (head, head_blocks)),
            *_family(changes),
        ),
        tolerance=tolerance,
        leaks=leaking,
    )


def _without_survivors(changes: Sequence[Change]) -> list[Change]:
    """Where more requests fail than before, the latency of those that are left proves no improvement."""
    scopes = [it.scope for it in changes if it.metric == "errors.ratio" and it.direction == "regressed"]
    failing = {*scopes, *(Scope(phase=scope.phase) for scope in scopes)}
    return [
        replace(it, direction="inconclusive", message="faster, but of fewer requests: more of them fail than before")
        if it.metric in LATENCIES and it.direction == "improved" and it.scope in failing
        else it
        for it in changes
    ]


def _severity(change: Change) -> tuple[int, bool, float]:
    """Regressions first, gating before others, large before small."""
    return _SEVERITY.index(change.direction), not change.is_gating, -abs(change.relative or 0.0)


def _differences(base: RunRecord, head: RunRecord) -> Iterable[str]:
    """What else was not the same in the two runs."""
    users = [{mark.name: mark.users for mark in record.phases} for record in (base, head)]
    for phase in dict.fromkeys([*users[0], *users[1]]):
        if phase not in users[0] or phase not in users[1]:
            yield f"Phase {phase} is in one run only."
        elif None not in (users[0][phase], users[1][phase]) and users[0][phase] != users[1][phase]:
            yield f"Phase {phase} had {users[0][phase]} users before and {users[1][phase]} after."
    rates = [{mark.name: mark.offered_per_s for mark in record.phases} for record in (base, head)]
    for phase in dict.fromkeys([*rates[0], *rates[1]]):
        before, after = (side.get(phase) for side in rates)
        if before and after and abs(after / before - 1) > SAME_RATE:
            shown = f"{units.show(before, 'per_s')} before and {units.show(after, 'per_s')} after"
            yield f"Phase {phase} was offered {shown}."
    yield from _rounds(base, head)
    for key, what in (("host", "host"), ("scenario_sha256", "scenario")):
        if base.provenance.get(key) != head.provenance.get(key):
            yield f"The two runs were not made with the same {what}."
    yield from reading.captured_otherwise(base, head)


def _rounds(base: RunRecord, head: RunRecord) -> Iterable[str]:
    """A leak of less than the tolerance a round is not seen, and shorter rounds hold less of it."""
    sides = [
        {
            mark.name: mark.rounds
            for mark in record.phases
            if mark.rounds and any(one.requests for one in mark.rounds.rounds)
        }
        for record in (base, head)
    ]
    for phase in dict.fromkeys(name for name in sides[0] if name in sides[1]):
        before, after = (side[phase] for side in sides)
        requests = [statistics.mean(one.requests for one in found.rounds) for found in (before, after)]
        if abs(requests[1] / requests[0] - 1) > SAME_RATE:
            yield f"Phase {phase} had rounds of {requests[0]:,.0f} requests before and of {requests[1]:,.0f} after."
        if before.is_collected != after.is_collected:
            yield f"Phase {phase} had its garbage collected in one run only."


def _short_blocks(*sides: tuple[RunRecord, Sequence[Sequence[Metric]]]) -> Iterable[str]:
    """Blocks are better long: neighbours of a second or two share the server's state, and look surer than they are."""
    lengths = [length for record, blocks in sides for length in _lengths(record, blocks)]
    if lengths and min(lengths) < BLOCK_S * 0.9:
        shortest = f"{min(lengths):.1f} s"
        yield f"Compared by blocks of {shortest}: longer phases, with blocks of {BLOCK_S:.0f} s, would be surer."


def _lengths(record: RunRecord, blocks: Sequence[Sequence[Metric]]) -> list[float]:
    """How long the blocks of each phase are, about: what is left at its end is in none."""
    counts = Counter(phase for block in blocks for phase in {metric.scope.phase for metric in block})
    return [(mark.ended_at - mark.measured_at) / counts[mark.name] for mark in record.phases if counts[mark.name] > 1]


def _family(changes: Sequence[Change]) -> Iterable[str]:
    count = sum(1 for change in changes if change.is_gating and change.interval is not None)
    if count > 1:
        yield f"The {count} gating changes that have an interval are corrected for their number (Holm), no others."
