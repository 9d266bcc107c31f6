"""`perfkit compare`: head against base."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.errors import DiscardedError, InconclusiveError, UsageError

if TYPE_CHECKING:
    from perfkit.model import Comparison, Run

HELP = """Compare two runs: what got better, what got worse, and what cannot be told.

Exits 1 on a regression, 6 when a run was discarded, and with --strict 7 when a gating change is inconclusive.

  perfkit compare 20261122-1100 20261122-1200

  perfkit compare before/ after/ --report /tmp/before-after
"""


def register(app: typer.Typer) -> None:
    app.command("compare", help=HELP)(compare)


def compare(
    base: Annotated[str, typer.Argument(help="The run before: a folder, the beginning of its name.")],
    head: Annotated[str, typer.Argument(help='The run after: a folder, the beginning of its name, or "latest".')],
    report: Annotated[Path | None, typer.Option(help="Write the before/after report into this folder.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 7 when a gating change is inconclusive.")] = False,
    out: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    from perfkit import store
    from perfkit.cli import shown
    from perfkit.report.writing import write_reports
    from perfkit.story import tell

    folders = [store.find(name, out) for name in (base, head)]
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(
            f"{base} and {head} are the same run: {folders[0]}",
            hint="name the run before it: perfkit compare OLDER latest",
        )
    before, after = map(store.load, folders)
    story = tell(after, before)
    path = write_reports(story, report)[0] if report else None
    shown.print_result(story, path, as_json=as_json)
    if story.comparison is not None:
        raise typer.Exit(_code(story.comparison, (before, after), strict))


def _code(comparison: Comparison, runs: tuple[Run, Run], strict: bool) -> int:
    for run in runs:
        if run.record.status == "discarded":
            raise DiscardedError(f"{run.record.id} was discarded, so it decides nothing", hint="measure it again")
    gating = [change.direction for change in comparison.changes if change.is_gating]
    if "regressed" in gating:
        return 1
    if strict and "inconclusive" in gating:
        count = gating.count("inconclusive")
        are = "change is" if count == 1 else "changes are"
        raise InconclusiveError(f"{count} gating {are} inconclusive", hint="measure longer on both sides")
    return 0
