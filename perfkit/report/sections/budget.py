"""Where the time of an endpoint goes: its SQL, planning, round trips and the rest, with the statements behind it.

Beside that stands how long it waits for locks when there is load.
"""

from __future__ import annotations

from typing import Any, Final

from perfkit import reading, units
from perfkit.model import Budget, Judged, Story
from perfkit.report import charts, phrases
from perfkit.report.pairs import runs_of
from perfkit.report.tables import Cell, Column, Table, first, number

TITLE: Final = "Where the time of an endpoint goes"
_LIMIT: Final = 50
_STATEMENTS: Final = 3
_LEAST_SHARE: Final = 0.01
_PARTS: Final = (("SQL", "sql"), ("Planning", "planning"), ("Round trips", "trips"), ("The rest", "rest"))
_COLUMNS: Final = (
    Column("Endpoint"),
    Column("In the database"),
    Column("In all", kind="number"),
    *(Column(label, kind="number") for label, _ in _PARTS),
    Column("Statements", kind="number"),
    Column("Rows", kind="number"),
    Column("Blocks", kind="number"),
)


def prepare(story: Story) -> dict[str, Any] | None:
    runs = [(label, judged) for label, judged in runs_of(story) if judged.budgets]
    if not runs:
        return None
    return {
        "note": "One request at a time while every statement was logged: shares, not response times under load."
        " The rest is the application itself, and what it waited for besides the database. Alone nobody waits for a"
        " lock: lock wait is of one request under load, in the phase that the heading names, from sessions that were"
        " seen waiting; a dash is not known.",
        "legend": _PARTS,
        "tables": [table for label, judged in runs for table in _tables(label if story.before else "", judged)],
    }


def _tables(label: str, judged: Judged) -> list[Table]:
    before = f"{label}: " if label else ""
    rows, note = first([_row(budget) for budget in judged.budgets], _LIMIT, "endpoints")
    longest, cut = first([row for budget in judged.budgets for row in _statements(budget)], _LIMIT, "statements")
    lock_wait = _lock_wait(judged)
    columns = (
        Column("Endpoint"),
        Column("Statement"),
        *(Column(it, kind="number") for it in ("Calls", "SQL", "Share")),
        lock_wait,
    )
    return [
        Table(f"{before}one request of each endpoint, alone", (*_COLUMNS, lock_wait), rows, note),
        *([Table(f"{before}statements that take most of it", columns, longest, cut)] if longest else []),
    ]


def _lock_wait(judged: Judged) -> Column:
    """The only column of what was seen under load: its heading names the phase."""
    phase = next((budget.lock_wait_phase for budget in judged.budgets if budget.lock_wait_phase), None)
    return Column(f"Lock wait in {phase}" if phase else "Lock wait under load", kind="number")


def _wait(wait_ms: float | None) -> Cell:
    return number(phrases.MISSING if wait_ms is None else units.show(wait_ms, "ms"))


def _row(budget: Budget) -> tuple[Cell, ...]:
    parts = _parts(budget)
    bar = charts.stacked_bar([(look, ms) for (_, look), ms in zip(_PARTS, parts, strict=True)])
    note = "its statements ran beside each other" if budget.is_parallel else ""
    return (
        Cell(budget.endpoint, note=note),
        Cell(f"{_share_of_database(budget):.0%}", "change", figure=bar),
        number(units.show(budget.service_ms, "ms")),
        *(number(units.show(ms, "ms")) for ms in parts),
        number(f"{budget.calls:,.1f}".removesuffix(".0")),
        *(number(phrases.MISSING if it is None else f"{it:,.0f}") for it in (budget.rows, budget.blocks)),
        _wait(budget.lock_wait_ms),
    )


def _share_of_database(budget: Budget) -> float:
    spent = budget.execution_ms + budget.planning_ms
    return min(spent / budget.service_ms, 1.0) if budget.service_ms > 0 else 0.0


def _parts(budget: Budget) -> tuple[float, float, float, float]:
    return budget.execution_ms, budget.planning_ms, budget.round_trips_ms, budget.rest_ms


def _statements(budget: Budget) -> list[tuple[Cell, ...]]:
    """The statements with the most time of the server, and the one that waited most for locks; those with less than a
    hundredth, and without a wait, are left out."""
    ordered = sorted(budget.statements, key=lambda share: -share.ms)[:_STATEMENTS]
    waiting = max(budget.statements, key=lambda share: share.lock_wait_ms or 0.0, default=None)
    if waiting is not None and waiting.lock_wait_ms and waiting not in ordered:
        ordered.append(waiting)
    return [
        (
            Cell(budget.endpoint),
            Cell(reading.shortened(share.statement.statement), "sql"),
            number(f"{share.calls:,.1f}".removesuffix(".0")),
            number(units.show(share.ms, "ms")),
            number(units.show(share.ms / budget.service_ms, "ratio")),
            _wait(share.lock_wait_ms),
        )
        for share in ordered
        if budget.service_ms > 0 and (share.ms / budget.service_ms >= _LEAST_SHARE or share.lock_wait_ms)
    ]
