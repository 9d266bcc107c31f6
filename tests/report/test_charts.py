"""Charts and their scales."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from perfkit.report import axes
from perfkit.report.charts import MAX_POINTS, Series, interval_bar, plot, thinned

VALUES = st.floats(min_value=1e-3, max_value=1e9)
POINTS = st.lists(st.one_of(st.none(), st.floats(0, 1e6)), max_size=300)


def _show(value: float) -> str:
    return f"{value:g}"


@given(POINTS, st.sampled_from([10, 50, 100]))
def test_a_long_line_keeps_its_extremes(values: list[float | None], limit: int) -> None:
    """What a reader looks for, the worst second, must not fall between two points."""
    points = [(float(at), value) for at, value in enumerate(values)]
    kept = thinned(points, limit)
    seen = [value for value in values if value is not None]
    assert (
        [min(seen), max(seen)]
        == [
            min(value for _, value in kept if value is not None),
            max(value for _, value in kept if value is not None),
        ]
        if seen
        else True
    )


@given(POINTS)
def test_a_thinned_line_is_short_and_in_order(values: list[float | None]) -> None:
    kept = thinned([(float(at), value) for at, value in enumerate(values)], 50)
    assert len(kept) <= 50
    assert [at for at, _ in kept] == sorted(at for at, _ in kept)


@given(st.lists(VALUES, min_size=1))
def test_every_value_lies_on_its_linear_axis(values: list[float]) -> None:
    axis = axes.linear(values, _show)
    assert axis.high >= max(values) * (1 - 1e-8)
    assert all(axis.low <= at <= axis.high for at, _ in axis.ticks)


@given(st.lists(VALUES, min_size=1))
def test_every_value_lies_on_its_logarithmic_axis(values: list[float]) -> None:
    axis = axes.logarithmic(values, _show)
    assert axis.low <= min(values)
    assert axis.high >= max(values)


@given(st.lists(VALUES, max_size=5))
def test_an_axis_has_at_least_two_ends(values: list[float]) -> None:
    """One value, or none, still needs a scale to be drawn on."""
    assert axes.linear(values, _show).high > 0
    log = axes.logarithmic(values, _show)
    assert log.high > log.low > 0


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_quantile_never_lies_to_the_left(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert axes.stretched(low) <= axes.stretched(high)


def test_the_tail_is_drawn_out() -> None:
    """p90, p99 and p99.9 lie one step apart."""
    assert [round(axes.stretched(quantile), 6) for quantile in (0.9, 0.99, 0.999)] == [1, 2, 3]


def test_a_time_axis_has_few_round_ticks() -> None:
    ticks = axes.seconds(3700, _show).ticks
    assert [at for at, _ in ticks] == [0, 900, 1800, 2700, 3600]


def test_a_gap_breaks_the_line() -> None:
    drawn = plot("t", [Series("s", [(0, 1), (1, None), (2, 1), (3, 2)], "after")], _axis(3), _axis(2))
    path = re.search(r' d="([^"]*)"', drawn)
    assert path is not None
    assert path[1].count("M") == 2


def test_a_plot_is_well_formed_and_says_what_it_shows() -> None:
    drawn = ET.fromstring(plot("A <title>", [Series("s & t", [(0, 1)], "after")], _axis(1), _axis(1)))  # noqa: S314
    assert drawn.findtext("title") == "A <title>"
    assert drawn.findtext("desc") == "s & t: 1 points. The table below has the figures."


def test_a_long_series_is_drawn_with_few_points() -> None:
    points = [(float(at), float(at % 7)) for at in range(30_000)]
    drawn = plot("t", [Series("s", points, "after")], _axis(30_000), _axis(7))
    assert drawn.count("L") + drawn.count("M") <= MAX_POINTS


def test_a_change_beyond_the_scale_stays_on_the_bar() -> None:
    drawn = interval_bar(34.0, (-3.0, 40.0), 0.1)
    assert re.search(r'M3 8H117"/><circle cx="117"', drawn)


def _axis(high: float) -> axes.Axis:
    return axes.Axis(0.0, high, ((0.0, "0"), (high, _show(high))))
