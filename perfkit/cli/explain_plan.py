"""`perfkit explain --plan`: what a plan in a file says, and what changed against another one, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from perfkit.cli.given import text_of
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.model import PlanDiff, QueryPlan


def run(plan: str, against: str | None, *, show_literals: bool, as_json: bool) -> None:
    """Show the plan of the file `plan`; with `against` that one too, and the difference from the first to it."""
    from perfkit.explain.diff import diff

    if plan == against == "-":
        raise UsageError("only one of --plan and --against can be standard input")
    plans = [_read(name) for name in (plan, against) if name is not None]
    found = diff(plans[0], plans[1]) if len(plans) == 2 else None
    _show(plans, found, show_literals=show_literals, as_json=as_json)


def _read(name: str) -> QueryPlan:
    from perfkit.explain.plan import read_plan
    from perfkit.explain.text import document_of

    text = text_of(name)
    try:
        return read_plan(document_of(text), name, "")
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", hint=error.hint) from error
    except ValueError as error:
        raise UsageError(f"{name}: {error}", hint="give what EXPLAIN (ANALYZE, BUFFERS) printed") from error


def _show(plans: Sequence[QueryPlan], found: PlanDiff | None, *, show_literals: bool, as_json: bool) -> None:
    from rich.text import Text

    from perfkit import terminal
    from perfkit.cli import shown
    from perfkit.explain.rules import diagnose
    from perfkit.report.figures import finding_json
    from perfkit.report.redaction import redacted_plan, told_finding

    findings = [told_finding(one, show_literals=show_literals) for one in diagnose(plans)]
    told = [plan if show_literals else redacted_plan(plan) for plan in plans]
    if as_json:
        content = {"plans": [asdict(plan) for plan in told], "findings": [finding_json(one) for one in findings]}
        shown.print_json({"schema": 1, **content, "diff": asdict(found) if found else None})
        return
    headings = [Text(f"\n{plan.fingerprint}", "bold") for plan in told]
    shown.print_plans(told, findings, headings if found else None)
    if found:
        shown.out().print(terminal.diff_table(found))
