"""Each endpoint under each load: latency, throughput and errors, before and after, with the change and its interval."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

from perfkit import reading, units
from perfkit.model import Change, Scope, Story
from perfkit.report import pairs, phrases
from perfkit.report.charts import interval_bar
from perfkit.report.tables import Cell, Column, Table, first, number

TITLE: Final = "Endpoints"
LIMIT: Final = 100
_FIGURES: Final = (
    ("Average", "latency.avg_ms"),
    ("Median", "latency.p50_ms"),
    ("p95", "latency.p95_ms"),
    ("p99", "latency.p99_ms"),
    ("Throughput", "throughput.requests_per_s"),
    ("Errors", "errors.ratio"),
)
_ALONE: Final = {"latency.p99_ms"}  # beside another run it would not fit; the distributions show it
_CHANGED: Final = ("latency.p50_ms", "latency.avg_ms", "latency.p95_ms")


def prepare(story: Story) -> dict[str, Any] | None:
    tables = [table for phase in pairs.phases_of(story) if (table := _table(story, phase))]
    if not tables:
        return None
    has_bars = any(cell.figure for table in tables for row in table.rows for cell in row)
    return {"tables": tables, "has_bars": has_bars, "changes": _all_changes(story)}


def _table(story: Story, phase: str) -> Table | None:
    both = pairs.pairs_of(story)
    figures = [figure for figure in _FIGURES if story.before is None or figure[1] not in _ALONE]
    names = [name for _, name in figures]
    scopes = [scope for scope in pairs.scopes_of(story, names) if scope == Scope(scope.endpoint, phase)]
    if not scopes:
        return None
    ordered = sorted(scopes, key=lambda scope: _rank(both, scope))
    column, changes, apart = _changes(story, ordered)
    rows = [_row(both, scope, names, changes.get(scope)) for scope in ordered]
    few = reading.FEW if both.has_few(product(names, scopes)) else ""
    kept, note = first(rows, LIMIT, "endpoints, the slowest first")
    columns = (Column("Endpoint"), *(it for label, _ in figures for it in both.columns(label)), *column)
    return Table(_caption(story, phase), columns, kept, pairs.notes(note, apart, few))


def _caption(story: Story, phase: str) -> str:
    mark = next((mark for mark in story.after.run.phases if mark.name == phase), None)
    return f"{phase}, {pairs.users_of(mark)}" if mark else phase


def _rank(both: pairs.Pairs, scope: Scope) -> tuple[bool, float, str]:
    """All endpoints together first, then the slowest."""
    slowest = both.latest("latency.avg_ms", scope)
    return (scope.endpoint is not None, -(slowest.value if slowest else 0.0), scope.endpoint or "")


def _row(both: pairs.Pairs, scope: Scope, names: list[str], change: Cell | None) -> tuple[Cell, ...]:
    figures = (cell for name in names for cell in both.cells(name, scope))
    return (
        Cell(scope.endpoint or pairs.TOTAL, "" if scope.endpoint else "total", both.observed("latency.avg_ms", scope)),
        *figures,
        *([change] if change else []),
    )


def _changes(story: Story, scopes: list[Scope]) -> tuple[tuple[Column, ...], dict[Scope, Cell], str]:
    """A column with the change of one latency, of which its cells tell every scope; none without a comparison. And a
    note where a change is another than its values make it.

    The latency is the first whose change has an interval, else the first that changed at all.
    """
    found = pairs.changes_of(story)
    known = [name for name in _CHANGED if any((name, scope) in found for scope in scopes)]
    certain = [name for name in known if any(found[name, s].interval for s in scopes if (name, s) in found)]
    if not known:
        return (), {}, ""
    shown, tolerance = (certain or known)[0], story.comparison.tolerance.relative if story.comparison else None
    column = Column(f"Change of {units.stem_of(shown).rpartition('.')[2]}", kind="change")
    apart = reading.blocks_note(found[shown, scope] for scope in scopes if (shown, scope) in found)
    return (column,), {scope: _change(found.get((shown, scope)), tolerance) for scope in scopes}, apart


def _change(change: Change | None, tolerance: float | None) -> Cell:
    if change is None:
        return Cell(phrases.MISSING, "change")
    bar = interval_bar(change.relative, change.interval, tolerance) if change.relative is not None else None
    note = ", ".join(part for part in (change.direction, phrases.interval(change)) if part)
    return Cell(reading.change_text(change), f"change {change.direction}", note, bar)


def _all_changes(story: Story) -> Table | None:
    changes = story.comparison.changes if story.comparison else ()
    told = [change for change in changes if change.direction != "same"]
    if not told:
        return None
    labels = ("Metric", "Scope", "Before", "After", "Change", "95 % interval", "Direction")
    columns = tuple(Column(label, kind="number" if label in {"Before", "After"} else "") for label in labels)
    rows, note = first([_told(change) for change in told], LIMIT, "changes, the most severe first")
    return Table("All changes, the most severe first", columns, rows, pairs.notes(note, reading.blocks_note(told)))


def _told(change: Change) -> tuple[Cell, ...]:
    gate = "" if change.is_gating else "does not gate"
    base, head = (number(phrases.of(change.metric, value)) for value in (change.base, change.head))
    scope = ", ".join(part for part in (change.scope.endpoint, change.scope.phase, change.scope.query) if part)
    return (
        Cell(units.stem_of(change.metric)),
        Cell(scope or pairs.TOTAL),
        base,
        head,
        Cell(reading.change_text(change)),
        Cell(phrases.interval(change)),
        Cell(change.direction, change.direction, "; ".join(part for part in (change.message, gate) if part)),
    )
