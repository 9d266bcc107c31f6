"""Values as words: changes, moments, missing figures. Knows no layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from perfkit import reading, units
from perfkit.model import Change, Metric, RunRecord

MISSING: Final = "–"


def value(metric: Metric | None, missing: str = MISSING) -> str:
    """A metric's value with its unit."""
    return reading.amount(metric.name, metric.value) if metric else missing


def of(name: str, value: float | None) -> str:
    """A value of the named metric with its unit, for what is no metric any more: the sides of a change."""
    return MISSING if value is None else reading.amount(name, value)


def interval(change: Change) -> str:
    """The 95 % interval of the relative change, as factors where shares would all be −100%; else that of the
    difference; "" where there is none.
    """
    if change.interval is None:
        return " to ".join(of(change.metric, end) for end in change.difference or ())
    return span(*change.interval)


def span(one: float, other: float) -> str:
    """Two relative changes, the ends of an interval, as factors where shares would all be −100%."""
    low, high = sorted((1 + one, 1 + other))
    if low >= 2:
        return f"{reading.factor(low)}× to {reading.factor(high)}×"
    if 0 < low <= high <= 0.5:
        return f"{reading.factor(1 / high)}× to {reading.factor(1 / low)}×"
    return f"{reading.share(one)} to {reading.share(other)}"


def moment(unix_s: float | None) -> str:
    """A wall clock time in UTC."""
    if unix_s is None:
        return MISSING
    at = datetime.fromtimestamp(unix_s, UTC)
    return f"{at.day} {at:%B %Y, %H:%M:%S} UTC"


def lasted(run: RunRecord) -> str:
    if run.ended_at is None:
        return MISSING
    return clock(run.ended_at - run.started_at)


def clock(seconds: float) -> str:
    """Seconds, as many as count: `2.5 s`, `45 s`, `1m30s`, `2h5m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{round(seconds, 1):g} s" if seconds < 10 else f"{whole} s"
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return "".join(f"{part}{unit}" for part, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if part)


def tick(value: float, suffix: str) -> str:
    """A value beside an axis: without the zeros after the point that only a table needs."""
    return re.sub(r"\.0+(?!\d)", "", units.show(value, suffix))


def flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested facts as `a.b` → text, in their own order. Empty ones are left out."""
    found: dict[str, str] = {}
    for key, fact in facts.items():
        name = f"{prefix}{key}"
        if isinstance(fact, Mapping):
            found |= flat(fact, f"{name}.")
        elif isinstance(fact, list | tuple) and any(isinstance(item, Mapping) for item in fact):
            for position, item in enumerate(fact):
                found |= flat(item, f"{name}[{position}].") if isinstance(item, Mapping) else {name: str(item)}
        elif fact not in (None, "", [], ()):
            found[name] = ", ".join(map(str, fact)) if isinstance(fact, list | tuple) else _plain(fact)
    return found


def _plain(fact: object) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return f"{fact:g}" if isinstance(fact, float) else str(fact)
