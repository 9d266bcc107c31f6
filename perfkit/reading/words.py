"""Figures and changes in words: one wording for every renderer. Computes no figure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from perfkit import units
from perfkit.model import Change, Expectation, Finding, Metric, Outcome, RunRecord, Scope

_SHORT: Final = 160
FEW: Final = "* of so few requests (p95: below 20, p99: below 100) it is little else than the slowest of them."
_LEAST: Final = {".p95_ms": 20, ".p99_ms": 100}
_APART: Final = 0.02
_OF_BLOCKS: Final = (
    "Values are of the whole phase, changes of the means of its blocks, which have an interval: the two may differ."
)
_TIMES: Final = ("latency.", "service.", "ttfb.")
_MARKS: Final[dict[Outcome, str]] = {"pass": "✓", "fail": "✗", "unmeasured": "?", "advisory": "!"}
_IDLE_ZEROS: Final = re.compile(r"\.0+(?!\d)")


def marked(outcome: Outcome) -> str:
    """An outcome with a mark before it, so that colour is never all that tells it."""
    return f"{_MARKS[outcome]} {outcome}"


def target_text(expectation: Expectation) -> str:
    """The asked for side of an expectation: `< 200 ms`."""
    shown = units.show_metric(expectation.metric, expectation.limit)
    limit = f"{expectation.op} {re.sub(_IDLE_ZEROS, '', shown)}"
    return f"{limit} in every {units.show(expectation.window_s, 's')}" if expectation.window_s else limit


def amount(name: str, value: float) -> str:
    """A metric's value with its unit; a compression as a factor, since 620% says it badly."""
    return f"{value:.1f}×" if name.endswith("compression_ratio") else units.show_metric(name, value)


def marked_amount(metric: Metric) -> str:
    """A metric's value with its unit, and with a mark where FEW is to be said of it."""
    return f"{amount(metric.name, metric.value)}{'*' if is_of_few(metric) else ''}"


def is_of_few(metric: Metric) -> bool:
    """Whether fewer than one request lies beyond the percentile."""
    least = next((least for ending, least in _LEAST.items() if metric.name.endswith(ending)), 0)
    return metric.n is not None and metric.n < least


def share(relative: float) -> str:
    """A relative change with its sign: `−97%`, `+4.2%`, `±0%`."""
    if abs(relative) < 0.0005:
        return "±0%"
    sign = "−" if relative < 0 else "+"
    return sign + units.show(abs(relative), "ratio")


def change_text(change: Change) -> str:
    """How much: a factor where a percentage says little (`34× faster`), else the share."""
    if change.relative is None:
        return "new" if change.base is None else "gone" if change.head is None else "from zero"
    return times_text(change.relative, is_time=change.metric.startswith(_TIMES))


def blocks_note(changes: Iterable[Change]) -> str:
    """Why a change may be another than its two values make it; "" where none is."""
    return _OF_BLOCKS if any(map(_is_apart, changes)) else ""


def _is_apart(change: Change) -> bool:
    """Whether who works the change out from the values finds clearly another one."""
    if change.relative is None or not change.base or change.head is None:
        return False
    return abs(change.head / change.base - 1 - change.relative) > max(_APART, _APART * abs(change.relative))


def times_text(relative: float, *, is_time: bool) -> str:
    """A relative change as a factor from twice on, else as a share."""
    times = 1 + relative
    if times >= 2:
        return f"{factor(times)}× {'slower' if is_time else 'higher'}"
    if 0 < times <= 0.5:
        return f"{factor(1 / times)}× {'faster' if is_time else 'lower'}"
    return share(relative)


def factor(times: float) -> str:
    """A factor in two or three digits."""
    return f"{times:,.0f}" if times >= 9.95 else f"{times:.1f}"


def shortened(statement: str) -> str:
    """A statement on one line, cut where it would fill the page."""
    line = " ".join(statement.split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"


def cost_text(finding: Finding) -> str:
    """What a finding costs, and where: `1,200 ms of Quotations (89%)`; "" where that is not known."""
    if finding.impact_ms is None:
        return ""
    where = f" of {finding.endpoint}" if finding.endpoint else ""
    part = f" ({finding.share:.0%})" if finding.share is not None else ""
    return f"{units.show(finding.impact_ms, 'ms')}{where}{part}"


def overlap_text(findings: Iterable[Finding]) -> str:
    """What a reader must know who adds up the costs of findings; "" where no two are of one endpoint."""
    costly = Counter(finding.endpoint for finding in findings if finding.endpoint and finding.impact_ms is not None)
    if not costly or max(costly.values()) == 1:
        return ""
    return "Several of these cost the same endpoint the same time: mend the first, then measure again."


def captured_otherwise(base: RunRecord, head: RunRecord) -> list[str]:
    """Why a statement that is in one of two runs only may be in both: they were captured, or told apart, otherwise."""
    sides = [record.provenance.get("capture") or {} for record in (base, head)]
    told = []
    for key, what in (("fingerprints", "told apart by"), ("source", "captured from")):
        before, after = (side.get(key) for side in sides)
        if before and after and before != after:
            told.append(f"Statements were {what} {before!r} before and {after!r} after: {_MEANS[key]}.")
    return told


_MEANS: Final = {
    "fingerprints": "none of one run is found in the other, so that new and gone ones mean nothing",
    "source": "they do not count the same, so that new and gone ones and differences of their figures mean little",
}


def scope_text(scope: Scope) -> str:
    """A scope as people read it: `Dashboard Metrics, concurrent`; "" for the total over everything."""
    parts = (scope.endpoint, scope.phase, scope.process, scope.query, scope.kind)
    return ", ".join(part for part in parts if part)
