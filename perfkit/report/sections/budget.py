"""Where the time of an endpoint goes: its SQL, planning, round trips and the rest, with the statements behind it."""

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
    Column("One request", kind="number"),
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
        " The rest is the application itself, and what it waited for besides the database.",
        "legend": _PARTS,
        "tables": [table for label, judged in runs for table in _tables(label if story.before else "", judged)],
    }


def _tables(label: str, judged: Judged) -> list[Table]:
    before = f"{label}: " if label else ""
    rows, note = first([_row(budget) for budget in judged.budgets], _LIMIT, "endpoints")
    longest, cut = first([row for budget in judged.budgets for row in _statements(budget)], _LIMIT, "statements")
    columns = (
        Column("Endpoint"),
        Column("Statement"),
        *(Column(it, kind="number") for it in ("Calls", "SQL", "Share")),
    )
    return [
        Table(f"{before}one request of each endpoint", _COLUMNS, rows, note),
        *([Table(f"{before}statements that take most of it", columns, longest, cut)] if longest else []),
    ]


def _row(budget: Budget) -> tuple[Cell, ...]:
    parts = _parts(budget)
    bar = charts.stacked_bar([(look, ms) for (_, look), ms in zip(_PARTS, parts, strict=True)])
    note = "its statements ran beside each other" if budget.is_parallel else ""
    return (
        Cell(budget.endpoint, note=note),
        Cell(f"{_share_of_database(budget):.0%}", figure=bar),
        number(units.show(budget.service_ms, "ms")),
        *(number(units.show(ms, "ms")) for ms in parts),
        number(f"{budget.calls:,.1f}".removesuffix(".0")),
        *(number(phrases.MISSING if it is None else f"{it:,.0f}") for it in (budget.rows, budget.blocks)),
    )


def _share_of_database(budget: Budget) -> float:
    spent = budget.execution_ms + budget.planning_ms
    return min(spent / budget.service_ms, 1.0) if budget.service_ms > 0 else 0.0


def _parts(budget: Budget) -> tuple[float, float, float, float]:
    return budget.execution_ms, budget.planning_ms, budget.round_trips_ms, budget.rest_ms


def _statements(budget: Budget) -> list[tuple[Cell, ...]]:
    """The statements with the most time of the server; those with less than a hundredth are left out."""
    ordered = sorted(budget.statements, key=lambda share: -share.ms)[:_STATEMENTS]
    return [
        (
            Cell(budget.endpoint),
            Cell(reading.shortened(share.statement.statement), "sql"),
            number(f"{share.calls:,.1f}".removesuffix(".0")),
            number(units.show(share.ms, "ms")),
            number(units.show(share.ms / budget.service_ms, "ratio")),
        )
        for share in ordered
        if budget.service_ms > 0 and share.ms / budget.service_ms >= _LEAST_SHARE
    ]
