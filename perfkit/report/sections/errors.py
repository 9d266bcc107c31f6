"""What failed: errors by kind, endpoint and phase. Says so when nothing did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from perfkit import reading
from perfkit.model import Scope, Story
from perfkit.report import pairs, phrases
from perfkit.report.tables import Cell, Column, Table, first, number

TITLE: Final = "Errors"
_NAME: Final = "errors.count"
_ASKED: Final = "requests.count"
_LIMIT: Final = 100


def prepare(story: Story) -> dict[str, Any] | None:
    both = pairs.pairs_of(story)
    if not pairs.scopes_of(story, [_ASKED]):
        return None
    scopes = [scope for scope in pairs.scopes_of(story, [_NAME]) if scope.kind and scope.endpoint]
    if not scopes:
        return {"table": None, "sentence": _sentence(both, story)}
    ordered = sorted(scopes, key=lambda scope: -_count(both, scope))
    rows, note = first([_row(both, scope) for scope in ordered], _LIMIT, "kinds of errors")
    columns = (Column("Endpoint"), Column("Phase"), Column("Kind"), *both.columns("Errors"))
    return {"table": Table("Errors by kind", columns, rows, note), "sentence": ""}


def _row(both: pairs.Pairs, scope: Scope) -> tuple[Cell, ...]:
    counts = (number(_counted(metrics, scope)) for metrics in both.runs)
    return (Cell(scope.endpoint or ""), Cell(scope.phase or ""), Cell(scope.kind or ""), *counts)


def _counted(metrics: reading.Index, scope: Scope) -> str:
    """A kind that did not occur has no count of its own: it is zero where requests were counted, else unknown."""
    if found := metrics.get((_NAME, scope)):
        return phrases.value(found)
    was_asked = (_ASKED, replace(scope, kind=None)) in metrics
    return "0" if was_asked else phrases.MISSING


def _count(both: pairs.Pairs, scope: Scope) -> float:
    found = both.latest(_NAME, scope)
    return found.value if found else 0.0


def _sentence(both: pairs.Pairs, story: Story) -> str:
    """No kind was recorded; only a count of zero in every phase says that nothing failed."""
    counts = [both.latest(_NAME, scope) for scope in pairs.scopes_of(story, [_NAME])]
    if counts and not any(count.value for count in counts if count):
        return "No request failed in a measured phase."
    return "The kinds of the errors were not recorded."
