"""How a story ends, in one word and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perfkit.model import Comparison, Judged, Story
from perfkit.reading.verdicts import is_discarded, is_failing

Word = Literal["PASS", "FAIL", "DISCARDED", "INCONCLUSIVE", "MEASURED"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a story ends, in one word and one sentence."""

    word: Word
    sentence: str


def standing(story: Story) -> Standing:
    """How the story ends: the newer run decides, the older one is only mentioned."""
    after = story.after
    if is_discarded(after):
        return Standing("DISCARDED", _why_discarded(after))
    failing = [verdict for verdict in after.verdicts if is_failing(verdict)]
    regressed = _gating(story.comparison, "regressed")
    if failing or regressed:
        return Standing("FAIL", _hold(story) + _regressions(regressed))
    if after.verdicts:
        return Standing("PASS", _hold(story))
    if story.comparison is None:
        return Standing("MEASURED", "No target was set, so there is nothing to pass or fail.")
    if _gating(story.comparison, "inconclusive"):
        return Standing("INCONCLUSIVE", "The evidence decides neither way: measure longer, or more often.")
    return Standing("PASS", "Nothing that counts became worse.")


def _why_discarded(judged: Judged) -> str:
    failed = judged.run.validity.failed
    because = f": {failed[0].name} was {failed[0].observed}, wanted {failed[0].limit}" if failed else ""
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"The measurement itself is not valid{because}{more}. Its figures are shown and judge nothing."


def _hold(story: Story) -> str:
    verdicts = story.after.verdicts
    if not verdicts:
        return "No target was set."
    holding = f"{_passed(story.after)} of {len(verdicts)} targets hold"
    if story.before is None or not story.before.verdicts:
        return f"{holding}."
    if is_discarded(story.before):
        return f"{holding}; the run before was discarded."
    return f"{holding}; before, {_passed(story.before)} did."


def _passed(judged: Judged) -> int:
    return sum(verdict.outcome == "pass" for verdict in judged.verdicts)


def _gating(comparison: Comparison | None, direction: str) -> int:
    changes = comparison.changes if comparison else ()
    return sum(change.is_gating and change.direction == direction for change in changes)


def _regressions(count: int) -> str:
    return f" {count} {'figure' if count == 1 else 'figures'} became worse." if count else ""
