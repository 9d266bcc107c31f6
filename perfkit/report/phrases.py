"""Values as words: changes, moments, missing figures. Knows no layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from perfkit import reading, units
from perfkit.model import Better, Change, Metric, RunRecord

MISSING: Final = "–"
_TIMES: Final = ("latency.", "service.", "ttfb.")


def value(metric: Metric | None, missing: str = MISSING) -> str:
    """A metric's value with its unit."""
    return reading.amount(metric.name, metric.value) if metric else missing


def of(name: str, value: float | None) -> str:
    """A value of the named metric with its unit, for what is no metric any more: the sides of a change."""
    return MISSING if value is None else reading.amount(name, value)


def share(relative: float) -> str:
    """A relative change with its sign: `−97%`, `+4.2%`, `±0%`."""
    if abs(relative) < 0.0005:
        return "±0%"
    sign = "−" if relative < 0 else "+"
    return sign + units.show(abs(relative), "ratio")


def change(change: Change) -> str:
    """How much: a factor where a percentage says little (`34× faster`), else the share."""
    if change.relative is None:
        return "new" if change.base is None else "gone" if change.head is None else "from zero"
    factor = 1 + change.relative
    is_time = change.metric.startswith(_TIMES)
    if factor >= 2:
        return f"{_factor(factor)}× {'slower' if is_time else 'higher'}"
    if 0 < factor <= 0.5:
        return f"{_factor(1 / factor)}× {'faster' if is_time else 'lower'}"
    return share(change.relative)


def _factor(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 9.95 else f"{factor:.1f}"


def interval(change: Change) -> str:
    """The 95 % interval of the relative change, "" where there is none."""
    if change.interval is None:
        return ""
    low, high = change.interval
    return f"{share(low)} to {share(high)}"


def better(which: Better | None) -> str:
    return f"{which} is better" if which else ""


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
    """Seconds into a run: `45 s`, `1m30s`, `2h5m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:g} s" if seconds < 10 and seconds != whole else f"{whole} s"
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
