"""How latency is distributed: the quantiles of each endpoint under each load, both runs over one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from perfkit import units
from perfkit.model import Story
from perfkit.report import axes, phrases
from perfkit.report.charts import Series, plot
from perfkit.report.pairs import look_of, phases_of, runs_of
from perfkit.report.tables import Cell, Column, Table, number

TITLE: Final = "Distribution of latency"
_LIMIT: Final = 24
_TOLD: Final = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)

Pairs = tuple[tuple[float, float], ...]
Curves = list[tuple[str, Pairs]]


def prepare(story: Story) -> dict[str, Any] | None:
    groups = [(phase, plots) for phase in phases_of(story) if (plots := _plots(story, phase))]
    if not groups:
        return None
    return {"groups": groups, "legend": [(label, look_of(label)) for label, _ in runs_of(story)]}


def _plots(story: Story, phase: str) -> list[tuple[str, Markup, Table]]:
    by_endpoint = _curves(story, phase)
    shown = sorted(by_endpoint, key=lambda endpoint: -max(ms for _, pairs in by_endpoint[endpoint] for _, ms in pairs))
    shown = shown[:_LIMIT]
    every = [ms for endpoint in shown for _, pairs in by_endpoint[endpoint] for _, ms in pairs]
    y = axes.logarithmic(every, lambda value: phrases.tick(value, "ms"))
    return [(endpoint, _plot(endpoint, by_endpoint[endpoint], y), _table(by_endpoint[endpoint])) for endpoint in shown]


def _curves(story: Story, phase: str) -> dict[str, Curves]:
    """The curves of each endpoint, those of the run before first."""
    found: dict[str, Curves] = {}
    for label, judged in runs_of(story):
        for key, pairs in judged.quantiles.items():
            of_phase, _, endpoint = key.partition(" / ")
            if of_phase == phase and pairs:
                found.setdefault(endpoint, []).append((label, pairs))
    return found


def _plot(endpoint: str, curves: Curves, y: axes.Axis) -> Markup:
    series = [
        Series(label, [(axes.stretched(quantile), ms) for quantile, ms in pairs], look_of(label))
        for label, pairs in curves
    ]
    return plot(f"Latency quantiles of {endpoint}", series, axes.quantile_axis(), y)


def _table(curves: Curves) -> Table:
    nearest = {label: dict(_told(pairs)) for label, pairs in curves}
    wanted = [quantile for quantile in _TOLD if any(quantile in told for told in nearest.values())]
    columns = (Column("Quantile"), *(Column(label, kind="number") for label in nearest))
    return Table("", columns, tuple(_row(quantile, nearest) for quantile in wanted))


def _told(pairs: Pairs) -> list[tuple[float, float]]:
    """Of the given quantiles those that people ask for."""
    return [(wanted, ms) for wanted in _TOLD for quantile, ms in pairs if abs(quantile - wanted) < 1e-6]


def _row(quantile: float, nearest: Mapping[str, Mapping[float, float]]) -> tuple[Cell, ...]:
    name = {0.0: "min", 1.0: "max"}.get(quantile, f"p{quantile * 100:g}")
    values = (told.get(quantile) for told in nearest.values())
    return (Cell(name), *(number(phrases.MISSING if ms is None else units.show(ms, "ms")) for ms in values))
