"""The slow statements of both runs, and how the server executed the worst: plans with the time of each node alone."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent
from typing import Any, Final

import sqlparse

from perfkit import plan_lines, reading, units
from perfkit.model import CapturedQuery, Finding, Judged, NodeChange, NotExplained, PlanDiff, QueryPlan, Story
from perfkit.report import phrases
from perfkit.report.pairs import runs_of
from perfkit.report.tables import Cell, Column, Table, first, number

TITLE: Final = "Database"
_LIMIT: Final = 50
_LAID_OUT_LIMIT: Final = 5_000
_DASH: Final = "A dash: no execution in that run was slow enough to be captured."
_SOURCES: Final = {
    "statements": "From pg_stat_statements: means of all users together; it tells no longest time and no parameters.",
    "activity": "From samples of pg_stat_activity: calls and times are estimates.",
}
_NODE_LIMIT: Final = 80
_DEEPEST: Final = 12  # deeper nodes are not indented further


def prepare(story: Story) -> dict[str, Any] | None:
    runs = [(label, judged) for label, judged in runs_of(story) if judged.queries or judged.plans]
    if not runs:
        return None
    return {
        "table": _statements(story),
        "differences": _differences(story),
        "runs": [(label, _plans(judged)) for label, judged in runs if judged.plans],
    }


def _statements(story: Story) -> Table:
    by_run = [{query.fingerprint: query for query in judged.queries} for _, judged in runs_of(story)]
    every = {key: query for queries in reversed(by_run) for key, query in queries.items()}
    ordered = sorted(every, key=lambda key: -max(it[key].total_ms for it in by_run if key in it))
    names = [label for label, _ in runs_of(story)] if story.before else [""]
    figures = [
        Column(name or label, label if name else "", "number") for label in ("Calls", "Mean", "Total") for name in names
    ]
    rows, note = first(
        [_statement(every[key], [it.get(key) for it in by_run]) for key in ordered], _LIMIT, "statements"
    )
    if story.before is not None:
        note = " ".join([note or _DASH, *reading.captured_otherwise(story.before.run, story.after.run)])
    sources = dict.fromkeys((judged.run.provenance.get("capture") or {}).get("source") for _, judged in runs_of(story))
    note = " ".join(part for part in (note, *(_SOURCES.get(str(source), "") for source in sources)) if part)
    return Table("Slow statements, the most expensive first", (Column("Statement"), *figures), rows, note)


def _statement(query: CapturedQuery, found: list[CapturedQuery | None]) -> tuple[Cell, ...]:
    by = "; by ".join(["", ", ".join(f"{user} {count:,}×" for user, count in query.users.items())])
    where = ", ".join(f"{phase} {count:,}×" for phase, count in query.phases.items())
    where += by if len(query.users) > 1 else ""
    calls = [number(f"{it.calls:,}" if it else phrases.MISSING) for it in found]
    means = [number(units.show(it.mean_ms, "ms") if it else phrases.MISSING) for it in found]
    totals = [number(units.show(it.total_ms, "ms") if it else phrases.MISSING) for it in found]
    return (Cell(reading.shortened(query.statement), "sql", where), *calls, *means, *totals)


def _laid_out(statement: str) -> str:
    """A statement as people write one. A very long one stays as it is: sqlparse is not meant for those."""
    if len(statement) > _LAID_OUT_LIMIT:
        return dedent(statement).strip()
    laid_out: str = sqlparse.format(statement, reindent=True, keyword_case="upper")
    return laid_out.strip()


def _plans(judged: Judged) -> list[dict[str, Any]]:
    queries = {query.fingerprint: query for query in judged.queries}
    return [_plan(plan, queries.get(plan.fingerprint), judged.findings) for plan in judged.plans]


def _plan(plan: QueryPlan | NotExplained, query: CapturedQuery | None, findings: Sequence[Finding]) -> dict[str, Any]:
    statement = query.statement if query else plan.fingerprint
    summary = f"{units.count(query.calls, 'call')}, {units.show(query.mean_ms, 'ms')} on average" if query else ""
    short = reading.shortened(statement)
    whole = _laid_out(statement) if short.endswith("…") else ""
    told = {"short": short, "statement": whole, "summary": summary}
    if isinstance(plan, NotExplained):
        return told | {"reason": plan.reason, "nodes": [], "facts": ""}
    lines = plan_lines.lines(plan, findings)
    shown = _hottest(lines)
    left_out = [f"{len(lines) - len(shown):,} nodes that took least are left out"] if len(shown) < len(lines) else []
    facts = ", ".join([*plan_lines.facts(plan), *left_out])
    return told | {"reason": "", "nodes": [_node(line) for line in shown], "facts": facts}


def _hottest(lines: list[plan_lines.Line]) -> list[plan_lines.Line]:
    """A plan of a thousand partitions would weigh more than all else: the nodes that took most, in the tree's order."""
    ranked = sorted(range(len(lines)), key=lambda place: (not lines[place].findings, -lines[place].share))
    return [lines[place] for place in sorted({0, *ranked[:_NODE_LIMIT]})]


def _node(line: plan_lines.Line) -> dict[str, Any]:
    figures = [
        ("Time alone", line.alone, ""),
        ("With children", line.total, ""),
        ("Rows", line.rows, line.off),
        ("Planned", line.planned, ""),
        ("Loops", line.loops, ""),
        ("Pages", line.pages, ""),
    ]
    return {
        "depth": min(line.depth, _DEEPEST),
        "kind": line.kind,
        "on": line.on,
        "details": line.details,
        "findings": line.findings,
        "heat": min(round(line.share * 100), 100),
        "figures": figures,
    }


def _differences(story: Story) -> list[tuple[str, Table | None]]:
    """Of each statement explained in both runs: the statement, and what changed in its plan; None where nothing did."""
    queries = {it.fingerprint: it for _, judged in runs_of(story) for it in judged.queries}
    told = []
    for one in story.plan_diffs:
        query = queries.get(one.fingerprint)
        statement = reading.shortened(query.statement if query else one.fingerprint)
        told.append((statement, _difference(one)))
    return told


def _difference(one: PlanDiff) -> Table | None:
    changes = plan_lines.changed(one)
    rows = tuple(_changed(change) for change in plan_lines.foremost(changes, _LIMIT))
    note = f"{_LIMIT} of {len(changes):,} nodes; both plans are in the runs' folders." if len(changes) > _LIMIT else ""
    figures = [
        Column(name, label, "number") for label in ("Time alone", "Rows", "Pages") for name in ("Before", "After")
    ]
    return Table("", (Column("Node"), Column("Change"), *figures), rows, note) if rows else None


def _changed(change: NodeChange) -> tuple[Cell, ...]:
    sides = zip(plan_lines.side(change.before), plan_lines.side(change.after), strict=True)
    return (
        Cell(plan_lines.what(change)),
        Cell(plan_lines.word(change)),
        *(number(figure) for pair in sides for figure in pair),
    )
