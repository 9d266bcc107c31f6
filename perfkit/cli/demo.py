"""`perfkit demo`: the whole story, on services of its own."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.demonstration import Demonstration, Wish
    from perfkit.model import Story

HELP = """Measure a sample ERP with the plans' defects, apply the fixes, measure again, and tell what changed.

Starts its own PostgreSQL and Valkey in a private folder. Exits 0 when the story was told; with --gate by the verdicts.

  perfkit demo --quick

  perfkit demo --fix indexes,cache

  perfkit demo --serve --port 8000
"""


def register(app: typer.Typer) -> None:
    app.command("demo", help=HELP)(demo)


def demo(
    quick: Annotated[bool, typer.Option("--quick", help="At most 90 s instead of 4 minutes.")] = False,
    fix: Annotated[
        str | None, typer.Option(help='Fixes of the second side: names with commas, "all" (default) or "none".')
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Only serve the ERP (no fixes, unless --fix).")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port for --serve; else a free one.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the database's folder afterwards.")] = False,
    database_url: Annotated[
        str | None, typer.Option(help="Use this PostgreSQL; it is filled with sample data.")
    ] = None,
    redis_url: Annotated[str | None, typer.Option(help="Use this Valkey or Redis.")] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit by the verdicts of the second side.")] = False,
    out: Annotated[Path, typer.Option(help="Where run folders go.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    from perfkit.demo.fixes import parse_fixes
    from perfkit.demonstration import Wish

    if port is not None and not serve:
        raise UsageError("--port goes with --serve", hint="add --serve")
    fixes = parse_fixes(fix or ("none" if serve else "all"))
    wish = Wish(fixes, is_quick=quick, is_kept=keep, database_url=database_url, redis_url=redis_url)
    if serve:
        _serve(wish, port)
    else:
        _tell(wish, out, is_gated=gate, as_json=as_json)


def _serve(wish: Wish, port: int | None) -> None:
    from perfkit.cli import shown
    from perfkit.demonstration import serving

    with shown.live_voice() as voice, serving(wish, port, voice.note) as erp:
        voice.note(f"fixes on: {', '.join(sorted(wish.fixes)) or 'none'}; try {erp.url}/api/dashboard/metrics")
        voice.note("Ctrl-C stops it")
        print(erp.url, flush=True)
        _wait_for_the_end()


def _wait_for_the_end() -> None:
    """Until Ctrl-C; or, when another program started us with a pipe, until that program has gone."""
    with contextlib.suppress(KeyboardInterrupt):  # the way in which it is meant to end
        if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
            sys.stdin.read()
        else:
            threading.Event().wait()


def _tell(wish: Wish, out: Path, *, is_gated: bool, as_json: bool) -> None:
    from perfkit import store
    from perfkit.cli import shown
    from perfkit.demonstration import demonstrate
    from perfkit.report.writing import write_reports

    folder = out / store.new_name("demo")
    with shown.live_voice() as voice:
        demonstration = demonstrate(wish, folder, show=voice.show, note=voice.note)
    story = _story(demonstration)
    paths = write_reports(story, folder)
    shown.print_result(story, paths[0], as_json=as_json)
    last = demonstration.after or demonstration.before
    if is_gated or last.is_cut_short:
        shown.leave(last, story.after)


def _story(demonstration: Demonstration) -> Story:
    from perfkit.demonstration import runs_of
    from perfkit.story import tell

    before, after = runs_of(demonstration)
    return tell(after, before, title="Sample pharmaceutical ERP: before and after", config=demonstration.config)
