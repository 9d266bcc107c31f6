"""How judged results are read: which metric stands in which cell, which verdict fails, how the whole run stands.

Every renderer (HTML, Markdown, JUnit, terminal) asks here, so that they cannot disagree. Computes no figure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal

from perfkit import units
from perfkit.model import (
    Change,
    Comparison,
    Expectation,
    Finding,
    Judged,
    Metric,
    Outcome,
    RunRecord,
    Scope,
    Sheet,
    SheetCell,
    SheetRow,
    Story,
    Verdict,
)

Word = Literal["PASS", "FAIL", "DISCARDED", "INCONCLUSIVE", "MEASURED"]
Index = Mapping[tuple[str, Scope], Metric]

UNMEASURED: Final = "unmeasured"
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
_SCOPE_KEYS: Final = frozenset(field.name for field in fields(Scope))


@dataclass(frozen=True, slots=True)
class FilledCell:
    """A cell of a plan's table with what was measured. `before` and `after` are None where nothing was."""

    column: str
    documented: str | None
    target: str | None
    before: Metric | None
    after: Metric | None
    before_verdict: Verdict | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class FilledRow:
    name: str
    priority: str | None
    cells: tuple[FilledCell, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a story ends, in one word and one sentence."""

    word: Word
    sentence: str


def index(metrics: Iterable[Metric]) -> Index:
    """Metrics by name and scope."""
    return {(metric.name, metric.scope): metric for metric in metrics}


def is_failing(verdict: Verdict) -> bool:
    """Whether the verdict stops a gate: a missing measurement does, unless the expectation is optional."""
    if verdict.outcome == "unmeasured":
        return not verdict.expectation.is_optional and not verdict.expectation.is_advisory
    return verdict.outcome == "fail"


def marked(outcome: Outcome) -> str:
    """An outcome with a mark before it, so that colour is never all that tells it."""
    return f"{_MARKS[outcome]} {outcome}"


def is_discarded(judged: Judged) -> bool:
    return judged.run.status == "discarded" or not judged.run.validity.is_valid


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


def fill(sheet: Sheet, story: Story) -> tuple[FilledRow, ...]:
    """The rows of a plan's table with the measured values and the verdict of each cell."""
    before = index(story.before.metrics) if story.before else {}
    after = index(story.after.metrics)
    return tuple(
        FilledRow(
            name=row.name,
            priority=row.priority,
            cells=tuple(
                _fill_cell(cell, column, story, before, after) for cell, column in _with_columns(row, sheet.columns)
            ),
        )
        for row in sheet.rows
    )


def _with_columns(row: SheetRow, columns: tuple[str, ...]) -> list[tuple[SheetCell, str]]:
    labels = [*(columns if len(columns) > 1 else ("",)), *[""] * len(row.cells)]  # a lone column needs no name
    return list(zip(row.cells, labels, strict=False))


def _fill_cell(cell: SheetCell, column: str, story: Story, before: Index, after: Index) -> FilledCell:
    verdict = verdict_of(story.after, cell.expectation)
    earlier = verdict_of(story.before, cell.expectation)
    return FilledCell(
        column=column,
        documented=cell.documented or None,
        target=target_text(cell.expectation) if cell.expectation else None,
        before=_observed(cell, earlier, before),
        after=_observed(cell, verdict, after),
        before_verdict=earlier,
        verdict=verdict,
    )


def verdict_of(judged: Judged | None, expectation: Expectation | None) -> Verdict | None:
    """The verdict that answers the expectation, if there is one."""
    if judged is None or expectation is None:
        return None
    return next((verdict for verdict in judged.verdicts if verdict.expectation == expectation), None)


def _observed(cell: SheetCell, verdict: Verdict | None, metrics: Index) -> Metric | None:
    if verdict is not None:
        return verdict.observed
    if not set(cell.select) <= _SCOPE_KEYS:
        return None
    scope = Scope(**cell.select)
    names = (cell.metric, *(f"{cell.metric}_{suffix}" for suffix in units.SUFFIXES))  # people leave the unit out
    return next((metrics[name, scope] for name in names if (name, scope) in metrics), None)


def standing(story: Story) -> Standing:
    """How the story ends: the newer run decides, the older one is only mentioned."""
    after = story.after
    if is_discarded(after):
        return Standing("DISCARDED", _why_discarded(after))
    failing = [verdict for verdict in after.verdicts if is_failing(verdict)]
    regressed = _gating(story.comparison, "regressed")
    if failing or regressed:
        return Standing("FAIL", _hold(story) + _regressions(regressed))
    if after.verdicts:
        return Standing("PASS", _hold(story))
    if story.comparison is None:
        return Standing("MEASURED", "No target was set, so there is nothing to pass or fail.")
    if _gating(story.comparison, "inconclusive"):
        return Standing("INCONCLUSIVE", "The evidence decides neither way: measure longer, or more often.")
    return Standing("PASS", "Nothing that counts became worse.")


def _why_discarded(judged: Judged) -> str:
    failed = judged.run.validity.failed
    because = f": {failed[0].name} was {failed[0].observed}, wanted {failed[0].limit}" if failed else ""
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"The measurement itself is not valid{because}{more}. Its figures are shown and judge nothing."


def _hold(story: Story) -> str:
    verdicts = story.after.verdicts
    if not verdicts:
        return "No target was set."
    holding = f"{_passed(story.after)} of {len(verdicts)} targets hold"
    if story.before is None or not story.before.verdicts:
        return f"{holding}."
    if is_discarded(story.before):
        return f"{holding}; the run before was discarded."
    return f"{holding}; before, {_passed(story.before)} did."


def _passed(judged: Judged) -> int:
    return sum(verdict.outcome == "pass" for verdict in judged.verdicts)


def _gating(comparison: Comparison | None, direction: str) -> int:
    changes = comparison.changes if comparison else ()
    return sum(change.is_gating and change.direction == direction for change in changes)


def _regressions(count: int) -> str:
    return f" {count} {'figure' if count == 1 else 'figures'} became worse." if count else ""
