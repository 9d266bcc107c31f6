"""`perfkit init`: a suite to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Write a commented perfkit.toml and a Locust scenario to begin with; nothing is overwritten without --force.

  perfkit init

  perfkit init ../my-erp
"""


def register(app: typer.Typer) -> None:
    app.command("init", help=HELP)(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    from perfkit import scaffold

    for path in scaffold.init(folder, force=force):
        print(f"wrote {path}")
    print("next: set target.url in perfkit.toml, then run: perfkit check-setup")
