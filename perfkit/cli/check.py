"""`perfkit check`: judge a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perfkit.errors import DiscardedError

HELP = """Judge a run again, by its own targets or by those of another suite; nothing is measured.

  perfkit check latest

  perfkit check 20261122-1200 --suite stricter.toml --json
"""


def register(app: typer.Typer) -> None:
    app.command("check", help=HELP)(check)


def check(
    run: Annotated[str, typer.Argument(help='A run folder, the beginning of its name, or "latest".')],
    suite: Annotated[Path | None, typer.Option(help="Take the expectations of this perfkit.toml.")] = None,
    profile: Annotated[str | None, typer.Option(help="With --suite: those of the phases of this profile.")] = None,
    out: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    from perfkit import config, metrics, store
    from perfkit.cli import shown
    from perfkit.judge.targets import gate
    from perfkit.story import tell

    asked = config.load(suite, metrics=metrics.names(), profile=profile) if suite else None
    story = tell(store.load(store.find(run, out)), config=asked)
    shown.print_result(story, None, as_json=as_json)
    validity = story.after.run.validity
    if story.after.run.status == "discarded":
        failed = [f"{check.name} was {check.observed}, wanted {check.limit}" for check in validity.failed]
        why = (*failed, *story.after.run.notes, "nothing was measured")[0]
        raise DiscardedError(f"{story.after.run.id} was discarded: {why}", hint="measure it again")
    raise typer.Exit(gate(story.after.verdicts, validity))
