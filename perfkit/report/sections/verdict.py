"""How it ends: one word, one sentence, which runs, and what changed most."""

from __future__ import annotations

import math
from typing import Any, Final

from perfkit import reading, units
from perfkit.model import Change, Judged, Story
from perfkit.report import phrases
from perfkit.report.pairs import TOTAL, runs_of, users_of

TITLE: Final = "Verdict"
_TILES: Final = 4
_WHOLE: Final = ("memory.", "leak.")  # of no endpoint, and not of all of them
_NAMED: Final = 3
_NOTHING_LEFT: Final = -0.9  # what has gone altogether has no factor; told like a tenth
_TOLD: Final = ("latency.", "throughput.", "errors.", *_WHOLE)


def prepare(story: Story) -> dict[str, Any]:
    standing = reading.standing(story)
    judged = () if standing.word == "DISCARDED" else story.after.verdicts
    failing = [verdict.expectation.that for verdict in judged if reading.is_failing(verdict)]
    changes = story.comparison.changes if story.comparison else ()
    worse = [_named(change) for change in changes if change.is_gating and change.direction == "regressed"]
    return {
        "word": standing.word,
        "sentence": standing.sentence,
        "failing": _first(failing),
        "worse": _first(worse),
        "warnings": _warnings(story),
        "caveats": _caveats(story),
        "tiles": [_tile(change) for change in _most_changed(changes)],
        "runs": [_facts(label, judged) for label, judged in runs_of(story)],
    }


def _first(names: list[str]) -> list[str]:
    left_out = len(names) - _NAMED
    return [*names[:_NAMED], *([f"and {left_out} more"] if left_out > 0 else [])]


def _named(change: Change) -> str:
    return f"{units.stem_of(change.metric)} of {_about(change)}"


def _about(change: Change) -> str:
    if change.scope.endpoint or change.metric.startswith(_WHOLE):
        return reading.scope_text(change.scope) or "the whole run"
    return ", ".join(part for part in (TOTAL.lower(), change.scope.phase) if part)


def _warnings(story: Story) -> list[str]:
    """What a reader must know before any figure."""
    found = []
    for label, judged in runs_of(story):
        if judged.run.status == "interrupted":
            found.append(f"{label}: interrupted; the figures cover what was measured until then.")
        if judged is story.before and reading.is_discarded(judged):
            found.append(f"{label}: this measurement is not valid.")
    return found


def _caveats(story: Story) -> list[str]:
    """What weakens the figures a little."""
    notes = [f"{label}: {note}" for label, judged in runs_of(story) for note in judged.run.notes]
    return [*(story.comparison.caveats if story.comparison else ()), *notes]


def _facts(label: str, judged: Judged) -> dict[str, str]:
    commit = str(judged.run.provenance.get("git_commit") or "")
    phases = ", ".join(f"{mark.name} ({users_of(mark)})" for mark in judged.run.phases if not mark.is_warmup_only)
    return {
        "label": label,
        "id": judged.run.id,
        "started": phrases.moment(judged.run.started_at),
        "lasted": phrases.lasted(judged.run),
        "commit": commit[:12] or phrases.MISSING,
        "phases": phases or phrases.MISSING,
    }


def _most_changed(changes: tuple[Change, ...]) -> list[Change]:
    """The largest confirmed changes by their factor, one an endpoint and direction; what became worse comes first."""
    told = [change for change in changes if change.metric.startswith(_TOLD) and _size(change)]
    confirmed = [change for change in told if change.direction in {"improved", "regressed"}]
    kept: dict[tuple[str, str], Change] = {}
    for change in sorted(confirmed, key=_size, reverse=True):
        kept.setdefault((change.direction, change.scope.endpoint or change.metric), change)
    return sorted(kept.values(), key=lambda change: (change.direction != "regressed", -_size(change)))[:_TILES]


def _size(change: Change) -> float:
    """How large a change is, the same for twice and half; 0 for one that has no factor, or is of one statement."""
    if change.scope.query or change.relative is None or change.relative < -1:
        return 0.0
    return abs(math.log1p(_NOTHING_LEFT if change.relative == -1 else change.relative))


def _tile(change: Change) -> dict[str, str]:
    return {
        "what": _about(change),
        "metric": units.stem_of(change.metric),
        "direction": change.direction,
        "change": reading.change_text(change),
        "base": phrases.of(change.metric, change.base),
        "head": phrases.of(change.metric, change.head),
    }
