"""How it ends: one word, one sentence, which runs, and what changed most."""

from __future__ import annotations

import math
from typing import Any, Final

from perfkit import reading, units
from perfkit.model import Change, Judged, Story
from perfkit.report import phrases
from perfkit.report.pairs import runs_of, users_of

TITLE: Final = "Verdict"
_TILES: Final = 4
_FAILING: Final = 3
_TOLD: Final = ("latency.", "throughput.", "errors.", "memory.")


def prepare(story: Story) -> dict[str, Any]:
    standing = reading.standing(story)
    judged = () if standing.word == "DISCARDED" else story.after.verdicts
    failing = [verdict.expectation.that for verdict in judged if reading.is_failing(verdict)]
    return {
        "word": standing.word,
        "sentence": standing.sentence,
        "failing": failing[:_FAILING],
        "more": f" and {len(failing) - _FAILING} more" if len(failing) > _FAILING else "",
        "notes": _notes(story),
        "tiles": [_tile(change) for change in _most_changed(story)],
        "runs": [_facts(label, judged) for label, judged in runs_of(story)],
    }


def _notes(story: Story) -> list[str]:
    found = []
    for label, judged in runs_of(story):
        if judged.run.status == "interrupted":
            found.append(f"{label}: interrupted; the figures cover what was measured until then.")
        if judged is story.before and reading.is_discarded(judged):
            found.append(f"{label}: this measurement is not valid.")
        found.extend(f"{label}: {note}" for note in judged.run.notes)
    return found + list(story.comparison.caveats if story.comparison else ())


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


def _most_changed(story: Story) -> list[Change]:
    """The largest confirmed changes by their factor, one an endpoint; what became worse comes first."""
    changes = story.comparison.changes if story.comparison else ()
    told = [change for change in changes if change.metric.startswith(_TOLD) and _size(change)]
    confirmed = [change for change in told if change.direction in {"improved", "regressed"}]
    kept: dict[tuple[str | None, str], Change] = {}
    for change in sorted(confirmed, key=_size, reverse=True):
        kept.setdefault((change.scope.endpoint, "" if change.scope.endpoint else change.metric), change)
    return sorted(kept.values(), key=lambda change: (change.direction != "regressed", -_size(change)))[:_TILES]


def _size(change: Change) -> float:
    if change.scope.query or not change.base or not change.head or change.base * change.head < 0:
        return 0.0
    return abs(math.log(change.head / change.base))


def _tile(change: Change) -> dict[str, str]:
    return {
        "what": reading.scope_text(change.scope) or "the whole run",
        "metric": units.stem_of(change.metric),
        "direction": change.direction,
        "change": phrases.change(change),
        "base": phrases.of(change.metric, change.base),
        "head": phrases.of(change.metric, change.head),
    }
