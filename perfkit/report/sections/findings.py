"""Why it is slow: each diagnosis with its evidence and its fix, and whether the run after still shows it."""

from __future__ import annotations

from typing import Any, Final

from perfkit import reading
from perfkit.model import Finding, Judged, Story

TITLE: Final = "Findings"


def prepare(story: Story) -> dict[str, Any] | None:
    earlier = _by_key(story.before)
    later = _by_key(story.after)
    everything = earlier | later
    if not everything:
        return None
    has_before = story.before is not None
    return {
        "lead": reading.overlap_text(everything.values()),
        "cards": [_card(everything[key], _seen(key, earlier, later, has_before=has_before)) for key in everything],
    }


Key = tuple[str, str | None, str]


def _by_key(judged: Judged | None) -> dict[Key, Finding]:
    """Findings by what makes them the same in two runs: the rule and its statement, or its title without one."""
    findings = judged.findings if judged else ()
    return {(it.rule, it.fingerprint, "" if it.fingerprint else it.title): it for it in findings}


def _seen(key: Key, earlier: dict[Key, Finding], later: dict[Key, Finding], *, has_before: bool) -> tuple[str, str]:
    if not has_before:
        return ("", "")
    if key in earlier and key in later:
        return ("still there", "fail")
    return ("gone", "pass") if key in earlier else ("new", "fail")


def _card(finding: Finding, seen: tuple[str, str]) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "title": finding.title,
        "evidence": finding.evidence,
        "impact": reading.cost_text(finding),
        "facts": [fact for fact in (finding.confidence, finding.milestone) if fact],
        "unless": finding.unless or "",
        "fix": finding.fix,
        "sql": finding.sql or "",
        "seen": seen[0],
        "look": seen[1],
    }
