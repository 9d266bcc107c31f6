"""Plans as trees and diagnoses as paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from perfkit import plan_lines, reading, units
from perfkit.model import Finding, NotExplained, PlanDiff, QueryPlan
from perfkit.terminal.text import new_table, plain

_LOOKS: Final = {"changed": "yellow", "gone": "dim", "new": "cyan", "same": "dim"}


def findings_list(findings: Sequence[Finding]) -> list[RenderableType]:
    """Each diagnosis with its evidence and its fix, in the order of whoever ranked them."""
    lead = reading.overlap_text(findings)
    return [*([plain(lead, "dim")] if lead else []), *(_finding(finding) for finding in findings)]


def _finding(finding: Finding) -> Text:
    cost = f"  costs {reading.cost_text(finding)}" if finding.impact_ms is not None else ""
    text = Text("● ", "yellow").append(plain(finding.title, "bold")).append(plain(cost, "dim"))
    for line in finding.evidence:
        text.append("\n  ").append(plain(line, "dim"))
    text.append("\n  fix: ").append(plain(finding.fix))
    return text.append("\n  ").append(plain(finding.sql, "cyan")) if finding.sql else text


def statement_line(plan: QueryPlan | NotExplained, statement: str) -> RenderableType:
    """Which of several statements the tree below is of."""
    return Text("\n").append(plain(plan.fingerprint, "bold")).append(": ").append(plain(reading.shortened(statement)))


def plan_tree(plan: QueryPlan | NotExplained, findings: Sequence[Finding] = ()) -> RenderableType:
    """A plan as a tree: each node with its time alone and its share of the whole, rows planned and seen.

    Heat is colour, so it is seen on a terminal only. Nodes that findings are about are marked with their rules.
    """
    if isinstance(plan, NotExplained):
        return Text("not explained: ", "yellow").append(plain(plan.reason))
    lines = plan_lines.lines(plan, findings)
    tree = Tree(_node(lines[0]), guide_style="dim")
    branches = [tree]
    for line in lines[1:]:
        del branches[line.depth :]
        branches.append(branches[-1].add(_node(line)))
    return Group(tree, Text().append(plain(", ".join(plan_lines.facts(plan)), "dim")))


def diff_table(diff: PlanDiff) -> RenderableType:
    """What changed between two plans of one statement: nodes with time alone, rows and pages, before and after."""
    times = " → ".join(
        plan_lines.MISSING if ms is None else units.show(ms, "ms") for ms in (diff.before_ms, diff.after_ms)
    )
    changes = plan_lines.changed(diff)
    if not changes:
        return Text(f"the plan is the same: {times}")
    table = new_table(f"What changed in the plan: {times}")
    for label in ("", "node"):
        table.add_column(label, overflow="fold")
    for label in ("time alone", "rows", "pages"):
        table.add_column(label, justify="right")
    for one in changes:
        sides = zip(plan_lines.side(one.before), plan_lines.side(one.after), strict=True)
        figures = [f"{before} → {after}" for before, after in sides]
        table.add_row(Text(plan_lines.word(one), _LOOKS[one.kind]), plain(plan_lines.what(one)), *figures)
    return table


def _node(line: plan_lines.Line) -> Text:
    text = Text().append(plain(line.kind, "bold")).append(plain(f" {line.on}" if line.on else ""))
    if line.alone == plan_lines.NEVER:
        return text.append(f"  {line.alone}", "dim")
    if line.alone != plan_lines.MISSING:
        look = "bold red" if line.share >= 0.5 else "yellow" if line.share >= 0.2 else "dim"
        text.append(f"  {line.alone} ({line.share:.0%})", look)
    text.append(f"  rows {line.rows} of {line.planned} planned", "yellow" if line.off else "dim")
    text.append(f", {line.loops} loops" if line.loops != "1" else "", "dim")
    text.append(f", {line.pages} pages" if line.pages not in ("0", plan_lines.MISSING) else "", "dim")
    for detail in line.details:
        text.append("\n").append(plain(detail, "dim"))
    for rule in line.findings:
        text.append("\n● ", "yellow").append(rule, "yellow")
    return text
