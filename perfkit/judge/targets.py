"""Whether what was measured meets the targets. Knows expectations and metrics; how either is written or computed, not.

Missing is never a pass: a target that selects no metric, or one that is no number, is unmeasured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from typing import Final

from perfkit import grammar, reading, units
from perfkit.model import Expectation, Metric, Outcome, Scope, Validity, Verdict

Windows = Callable[[float], Sequence[Sequence[Metric]]]

_HOLDS: Final[Mapping[str, Callable[[float, float], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
_DISCARDED: Final = 6


def judge(expectations: Iterable[Expectation], metrics: Sequence[Metric], windows: Windows) -> tuple[Verdict, ...]:
    """One verdict for each expectation, in their order.

    `windows` gives the metrics of each window of so many seconds; it is asked once for a length.
    """
    once = cache(windows)
    return tuple(_judge_one(expectation, metrics, once) for expectation in expectations)


def gate(verdicts: Iterable[Verdict], validity: Validity) -> int:
    """The exit code: 6 for a measurement that is not valid, 1 if a target is missed or was not measured, else 0."""
    if not validity.is_valid:
        return _DISCARDED
    return int(any(reading.is_failing(verdict) for verdict in verdicts))


def matching(expectation: Expectation, metrics: Iterable[Metric]) -> list[Metric]:
    """The metrics that an expectation is about.

    A named key fits its value, "*" every value; a key that is not named fits the total where there is one, else every
    value.
    """
    select = expectation.select
    named = [metric for metric in metrics if metric.name == expectation.metric and _fits(metric.scope, select)]
    open_keys = [key for key in grammar.KEYS if key not in select]
    with_total = [key for key in open_keys if any(getattr(metric.scope, key) is None for metric in named)]
    return [metric for metric in named if all(getattr(metric.scope, key) is None for key in with_total)]


def _fits(scope: Scope, select: Mapping[str, str]) -> bool:
    for key, wanted in select.items():
        value = getattr(scope, key)
        if value is None or wanted not in (value, grammar.EVERY):
            return False
    return True


def _judge_one(expectation: Expectation, metrics: Sequence[Metric], windows: Windows) -> Verdict:
    found = matching(expectation, metrics)
    if not found:
        return Verdict(expectation, "unmeasured", None, _why_unmeasured(expectation, metrics))
    if expectation.window_s is None:
        return _judge_found(expectation, found, "")
    cut = windows(expectation.window_s)
    inside = [metric for window in cut for metric in matching(expectation, window)]
    length = f"{expectation.window_s:g} s"
    if absent := _absent(found, inside):
        message = f"{_subject(absent)}: not measured in any whole window of {length}"
        return Verdict(expectation, "unmeasured", None, message)
    count = sum(1 for window in cut if matching(expectation, window))
    return _judge_found(expectation, inside, f" in the worst of {count} windows of {length}")


def _absent(found: Iterable[Metric], inside: Iterable[Metric]) -> Metric | None:
    """One that the whole run has and no window: it would pass for want of evidence."""
    scopes = {metric.scope for metric in inside}
    return next((metric for metric in found if metric.scope not in scopes), None)


def _judge_found(expectation: Expectation, found: Sequence[Metric], where: str) -> Verdict:
    numbers = [metric for metric in found if not math.isnan(metric.value)]
    worst = max(numbers, key=lambda metric: _excess(expectation, metric.value), default=None)
    holds = worst is not None and _HOLDS[expectation.op](worst.value, expectation.limit)
    if worst is None or (holds and len(numbers) < len(found)):
        nan = next(metric for metric in found if math.isnan(metric.value))
        return Verdict(expectation, "unmeasured", None, f"{_subject(nan)}: no number was measured")
    outcome: Outcome = "pass" if holds else "advisory" if expectation.is_advisory else "fail"
    observed, limit = _shown(expectation, worst.value)
    message = f"{_subject(worst)}: {observed}{where}, wanted {expectation.op} {limit}"
    return Verdict(expectation, outcome, worst, message)


def _excess(expectation: Expectation, value: float) -> float:
    """How far a value is on the wrong side of the limit; below 0 it is on the right one."""
    beyond = value - expectation.limit if value != expectation.limit else 0.0
    match expectation.op:
        case "<" | "<=":
            return beyond
        case ">" | ">=":
            return -beyond
        case "==":
            return abs(beyond)
    return -abs(beyond)


def _shown(expectation: Expectation, value: float) -> tuple[str, str]:
    """Observed and limit in human units; with all digits where they would look the same and are not."""
    name = expectation.metric
    observed, limit = units.show_metric(name, value), units.show_limit(name, expectation.limit)
    if units.show_limit(name, value) == limit and value != expectation.limit:
        return f"{observed} ({value:.9g})", f"{limit} ({expectation.limit:.9g})"
    return observed, limit


def _subject(metric: Metric) -> str:
    name, scope = units.stem_of(metric.name), reading.scope_text(metric.scope)
    return f"{name} of {scope}" if scope else name


def _why_unmeasured(expectation: Expectation, metrics: Iterable[Metric]) -> str:
    named = [metric for metric in metrics if metric.name == expectation.metric]
    asked = grammar.show_select(expectation.metric, expectation.select)
    if not named:
        return f"{asked}: {expectation.metric} was not measured in this run"
    for key, wanted in expectation.select.items():
        measured = sorted({value for metric in named if (value := getattr(metric.scope, key)) is not None})
        if wanted not in measured and not (measured and wanted == grammar.EVERY):
            near = grammar.closest(wanted, measured)
            there = f"did you mean {near!r}?" if near else f"measured: {', '.join(measured[:8]) or 'only the total'}"
            return f"{asked}: no {key} {wanted!r} was measured; {there}"
    return f"{asked}: was not measured; its parts were, but not together"
