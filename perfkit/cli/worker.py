"""`perfkit worker`: make a part of the load of a run that is made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from perfkit.cli.crowd import WAIT
from perfkit.cli.dashed import DashedCommand, after_dashes
from perfkit.cli.given import quantity
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.model import Scenario

HELP = """Make a part of the load of a run on another machine (or on this one), until that run is over.

SUITE is the perfkit.toml of that run, or its Locust files: the worker needs its own copy, in the same state. The target
is the one that the run says. Another machine is joined with the token in PERFKIT_WORKER_TOKEN only. Examples:

  perfkit worker --master 10.0.0.5

  perfkit worker locustfile.py --master run.example.com:5557 --wait 5m

The run: perfkit bench --expect-workers 2 --bind 10.0.0.5
"""
_SAID_BY_THE_RUN: Final = "http://localhost"


def register(app: typer.Typer) -> None:
    app.command("worker", help=HELP, cls=DashedCommand)(worker)


def worker(
    context: typer.Context,
    master: Annotated[str, typer.Option(metavar="HOST[:PORT]", help="Where the run listens (its --bind).")],
    suite: Annotated[list[Path] | None, typer.Argument(help="A perfkit.toml, or one or more Locust files.")] = None,
    lean: Annotated[
        bool, typer.Option("--lean", help="perfkit's HTTP client for Locust's (Locust file only).")
    ] = False,
    wait: Annotated[str, typer.Option(help="How long to wait for the run, and between its phases.")] = WAIT,
) -> None:
    from perfkit.cli import shown
    from perfkit.load import access
    from perfkit.load.joining import join

    where = access.address(master, "--master")
    scenario = _scenario(suite or [], after_dashes(context), is_lean=lean)
    with shown.live_voice() as voice:
        join(where, scenario, quantity("--wait", wait), voice.note)


def _scenario(named: list[Path], locust: tuple[str, ...], *, is_lean: bool) -> Scenario:
    from perfkit import config, metrics
    from perfkit.cli.bench import locust_files

    if files := locust_files(named):
        return config.without_file(files, _SAID_BY_THE_RUN, arguments=locust, is_lean=is_lean).scenario
    if is_lean:
        raise UsageError("--lean goes with a Locust file", hint="write lean = true into the [scenario] of the suite")
    file = named[0] if named else Path("perfkit.toml")
    return config.load(file, metrics=metrics.names(), url=_SAID_BY_THE_RUN, arguments=locust).scenario
