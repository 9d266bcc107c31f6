"""Charts as inline SVG, made of plain numbers. Knows no metric; colours are the page's style sheet's.

A plot is as wide as its place and its text keeps its size: lines live in a nested, stretched drawing, whose stroke does
not stretch; text and grid are placed in per cent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from perfkit.report.axes import Axis

MAX_POINTS: Final = 1000
_WIDE: Final = 1000

Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Series:
    """One line; `look` names its style: before, after, thin, errors. A None breaks the line."""

    label: str
    points: Points
    look: str


@dataclass(frozen=True, slots=True)
class Band:
    """A span of the x axis with a name: a phase of the run."""

    label: str
    start: float
    end: float


def plot(
    title: str, series: Sequence[Series], x: Axis, y: Axis, *, bands: Sequence[Band] = (), tall: int = 150
) -> Markup:
    """A line chart, `tall` pixels high without its labels; as wide as the page lets it be."""
    parts = [
        *(_band(band, x, tall) for band in bands),
        *(_row(y.place(value), label, tall) for value, label in y.ticks),
        *(_stop(x.place(value), label, tall) for value, label in x.ticks),
        Markup('<line class="floor" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(tall),
        Markup('<svg width="100%" height="{0}" viewBox="0 0 {1} {0}" preserveAspectRatio="none" class="lines">').format(
            tall, _WIDE
        ),
        *(_line(line, x, y, tall) for line in series),
        Markup("</svg>"),
    ]
    return Markup(
        '<svg class="plot" role="img" width="100%" height="{}"><title>{}</title><desc>{}</desc>{}</svg>'
    ).format(tall, title, describe(series), Markup("").join(parts))


def describe(series: Sequence[Series]) -> str:
    """The chart in words, for who cannot see it."""
    return (
        "; ".join(f"{line.label}: {len(line.points)} points" for line in series) + ". The table below has the figures."
    )


def _band(band: Band, x: Axis, tall: int) -> Markup:
    left, right = x.place(band.start) * 100, x.place(band.end) * 100
    return Markup(
        '<rect class="band" x="{0}%" width="{1}%" y="0" height="{2}"/>'
        '<text class="phase" x="{0}%" dx="4" y="-5">{3}</text>'
    ).format(_short(left), _short(right - left), tall, band.label)


def _row(place: float, label: str, tall: int) -> Markup:
    at = _short((1 - place) * tall)
    return Markup(
        '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/><text class="tick end" x="-8" y="{0}" dy="4">{1}</text>'
    ).format(at, label)


def _stop(place: float, label: str, tall: int) -> Markup:
    return Markup(
        '<line class="stop" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/><text class="tick mid" x="{0}%" y="{3}">{4}</text>'
    ).format(_short(place * 100), tall, tall + 4, tall + 17, label)


def _line(line: Series, x: Axis, y: Axis, tall: int) -> Markup:
    return Markup('<path class="line {}" d="{}"/>').format(line.look, _path(thinned(line.points), x, y, tall))


def _path(points: Points, x: Axis, y: Axis, tall: int) -> str:
    steps: list[str] = []
    is_drawing = False
    for across, up in points:
        if up is None or math.isnan(up):
            is_drawing = False
            continue
        place = f"{_short(x.place(across) * _WIDE)} {_short((1 - y.place(up)) * tall)}"
        steps.append(f"L{place}" if is_drawing else f"M{place}h0")  # h0: a lone point is drawn as a dot
        is_drawing = True
    return "".join(steps)


def thinned(points: Points, limit: int = MAX_POINTS) -> Points:
    """At most `limit` points that look the same: of each bucket the lowest and the highest, in their order."""
    if len(points) <= limit:
        return points
    kept: list[tuple[float, float | None]] = []
    size = math.ceil(len(points) / (limit // 2))
    for start in range(0, len(points), size):
        bucket = [point for point in points[start : start + size] if point[1] is not None]
        if not bucket:
            kept.append(points[start])
            continue
        kept.extend(sorted({min(bucket, key=_height), max(bucket, key=_height)}))
    return kept


def _height(point: tuple[float, float | None]) -> float:
    return point[1] or 0.0


def interval_bar(relative: float, interval: tuple[float, float] | None, tolerance: float | None) -> Markup:
    """A change between −100 % and +100 % with its interval, over the zone in which a change does not count."""
    zone = Markup('<rect class="zone" x="{}" width="{}" y="1" height="14"/>').format(
        _short(60 - 60 * (tolerance or 0)), _short(120 * (tolerance or 0))
    )
    low, high = interval or (relative, relative)
    return Markup(
        '<svg class="bar" viewBox="0 0 120 16" width="120" height="16" aria-hidden="true">{}'
        '<path class="zero" d="M60 1v14"/><path class="range" d="M{} 8H{}"/><circle cx="{}" cy="8" r="3"/></svg>'
    ).format(zone if tolerance else "", _across(low), _across(high), _across(relative))


def stacked_bar(parts: Sequence[tuple[str, float]]) -> Markup:
    """Parts of a whole beside each other; each look is a class of the style sheet."""
    whole, at, drawn = sum(size for _, size in parts), 0.0, []
    for look, size in parts:
        width = 120 * size / whole if whole > 0 else 0.0
        drawn.append(
            Markup('<rect class="{}" x="{}" width="{}" y="1" height="12"/>').format(look, _short(at), _short(width))
        )
        at += width
    frame = Markup('<svg class="bar stacked" viewBox="0 0 120 14" width="120" height="14" aria-hidden="true">{}</svg>')
    return frame.format(Markup("").join(drawn))


def _across(relative: float) -> str:
    return _short(60 + 57 * min(max(relative, -1.0), 1.0))


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
