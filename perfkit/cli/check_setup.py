"""`perfkit check-setup`: can everything that the suite names be reached, watched and explained?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Look at everything that a suite names, before any load: target, processes, scenario, database, output folder.

Each line says what is fine or what is missing and how to mend it. Exits by the first thing that is missing.

  perfkit check-setup

  perfkit check-setup staging.toml --json
"""


def register(app: typer.Typer) -> None:
    app.command("check-setup", help=HELP)(check_setup)


def check_setup(
    suite: Annotated[Path, typer.Argument(help="A perfkit.toml.")] = Path("perfkit.toml"),
    out: Annotated[Path, typer.Option(help="Where run folders go.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    from perfkit import config, metrics, setup, terminal
    from perfkit.cli import shown

    looks = setup.look(config.load(suite, metrics=metrics.names()), out)
    if as_json:
        shown.print_json({"schema": 1, "setup": [look.as_json() for look in looks]})
    else:
        shown.out().print(terminal.setup_table([(look.what, look.is_ok, look.said) for look in looks]))
    raise typer.Exit(next((look.trouble.exit_code for look in looks if look.trouble), 0))
