"""`perfkit report`: make the reports of a run again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

HELP = """Make report.html, report.md, junit.xml and metrics.json of a run again, from its raw rows.

  perfkit report latest

  perfkit report 20261122-1200 --show-literals
"""


def register(app: typer.Typer) -> None:
    app.command("report", help=HELP)(report)


def report(
    run: Annotated[str, typer.Argument(help='A run folder, the beginning of its name, or "latest".')],
    show_literals: Annotated[
        bool, typer.Option("--show-literals", help="Leave the literals in SQL and plans readable.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("reports"),
) -> None:
    from perfkit import store
    from perfkit.cli import shown
    from perfkit.report.writing import write_reports
    from perfkit.story import tell

    folder = store.find(run, out)
    story = replace(tell(store.load(folder)), show_literals=show_literals)
    shown.print_path(write_reports(story, folder)[0])
