"""The sections of a report, in reading order: what a manager asks first, what an engineer checks last.

A section is a module with a TITLE and a `prepare(story)` that returns what its template shows (formatted text, tables,
charts), or None when the story has nothing to say on it. Its template has the module's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from perfkit.model import Story
from perfkit.report.sections import (
    advice,
    budget,
    database,
    distributions,
    endpoints,
    errors,
    everything,
    expectations,
    findings,
    leaks,
    measured,
    memory,
    payload,
    sheets,
    timeline,
    validity,
    verdict,
)


class Section(Protocol):
    """What the table below holds: modules that satisfy this."""

    TITLE: str

    def prepare(self, story: Story) -> Mapping[str, Any] | None: ...


SECTIONS: Final[Mapping[str, Section]] = {
    "verdict": verdict,
    "validity": validity,
    "sheets": sheets,
    "expectations": expectations,
    "endpoints": endpoints,
    "distributions": distributions,
    "timeline": timeline,
    "errors": errors,
    "payload": payload,
    "memory": memory,
    "leaks": leaks,
    "findings": findings,
    "advice": advice,
    "budget": budget,
    "database": database,
    "measured": measured,
    "everything": everything,
}
