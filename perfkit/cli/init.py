"""`perfkit init`: a suite to begin with, an example or made from what there is."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from perfkit import units
from perfkit.errors import UsageError
from perfkit.visible import on_one_line

if TYPE_CHECKING:
    from perfkit.replay import Replay, Unanswered
    from perfkit.scaffold.suites import Written

HELP = """Write a perfkit.toml and a Locust scenario: an example, or made from what there is (plain or .gz).

Nothing is overwritten without --force.

With --host one iteration is replayed, and what did not answer 2xx
is listed. Secrets never get into the files: they become environment variables.

  perfkit init

  perfkit init --openapi openapi.json --host http://127.0.0.1:8000

  perfkit init ../my-erp --har session.har --host http://127.0.0.1:8000

  perfkit init --access-log access.log.gz --host http://127.0.0.1:8000
"""
SUITE: Final = "perfkit.toml"
_PER_LIST: Final = 200


def register(app: typer.Typer) -> None:
    app.command("init", help=HELP)(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write.")] = Path(),
    openapi: Annotated[Path | None, typer.Option(metavar="FILE", help="From an OpenAPI document.")] = None,
    har: Annotated[Path | None, typer.Option(metavar="FILE", help="From a browser's recording (HAR).")] = None,
    access_log: Annotated[Path | None, typer.Option(metavar="FILE", help="From a log, common or combined.")] = None,
    host: Annotated[str | None, typer.Option(metavar="URL", help="The target, for target.url and the replay.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A host that may be loaded.")] = None,
    include_delete: Annotated[bool, typer.Option("--include-delete", help="OpenAPI: call DELETE too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    from perfkit.cli import shown
    from perfkit.scaffold import suites
    from perfkit.scaffold.script import Wishes

    source = _source({"openapi": openapi, "har": har, "access-log": access_log})
    if source is None:
        if host is not None:
            raise UsageError("--host goes with --openapi, --har or --access-log", hint="set target.url in perfkit.toml")
        for path in suites.init(folder, force=force):
            print(on_one_line(f"wrote {path}"))
        suite = _suite(folder)
        print(on_one_line(f"next: set target.url in {suite or SUITE}, then run: perfkit check-setup {suite}".rstrip()))
        return
    wishes = Wishes(url=host, include_delete=include_delete)
    allow_hosts = tuple(allow_host or ())
    written = suites.import_source(*source, folder, wishes, allow_hosts=allow_hosts, force=force)
    if not as_json:
        print("\n".join(map(on_one_line, _told(written))))
    replay = _replay(written, host, allow_hosts)
    if as_json:
        shown.print_json(_as_json(written, replay))
    else:
        print("\n".join(map(on_one_line, _replayed(written, replay))))


def _source(files: dict[str, Path | None]) -> tuple[str, Path] | None:
    given = [(kind, file) for kind, file in files.items() if file is not None]
    if len(given) > 1:
        options = " and ".join(f"--{kind}" for kind, _ in given)
        raise UsageError(f"{options} were given; a suite is made from one of them", hint="choose a folder for each")
    return given[0] if given else None


def _replay(written: Written, host: str | None, allow_hosts: tuple[str, ...]) -> Replay:
    from perfkit.replay import Replay, replay_once

    names = written.imported.names
    if host is None:
        return Replay(not_asked=names, reason="no --host was given")
    variables = [one.name for one in written.imported.variables]
    return replay_once(written.scenario, written.url, names, allow_hosts=allow_hosts, variables=variables)


def _told(written: Written) -> Iterator[str]:
    """What was understood, before anything is asked of the target."""
    imported = written.imported
    yield from (f"wrote {path}" for path in written.files)
    yield f"made from {imported.origin}"
    yield from _listed("called", list(imported.names))
    yield from _listed("not called", [f"{one.name}: {one.reason}" for one in imported.skipped])
    yield from imported.notes
    for one in imported.variables:
        yield f"reads {one.name}{'' if os.environ.get(one.name) else ' (not set)'}: {one.what}"


def _listed(title: str, rows: list[str]) -> Iterator[str]:
    if rows:
        yield f"{title} ({len(rows):,}):"
        yield from (f"  {row}" for row in rows[:_PER_LIST])
        if len(rows) > _PER_LIST:
            yield f"  and {len(rows) - _PER_LIST:,} more"


def _replayed(written: Written, replay: Replay) -> Iterator[str]:
    if not replay.requests:
        yield f"not replayed: {replay.reason or 'the scenario made no request'}"
    else:
        cut = f" ({replay.reason})" if replay.reason else ""
        bad = len(replay.unanswered)
        how = "failed" if any(200 <= (one.status or 0) < 300 for one in replay.unanswered) else "did not answer 2xx"
        ending = f"{bad:,} of its endpoints {how}:" if bad else "every endpoint answered 2xx"
        yield f"replayed once at {written.url}{cut}: {units.count(replay.requests, 'request')}, {ending}"
        recorded = _recorded(written)
        reasons = {_reason(one) for one in replay.unanswered}
        if is_one := bad > 1 and len(reasons) == 1:
            yield from filter(None, reasons)
        for one in replay.unanswered:
            status = "–" if not one.status else str(one.status)
            same = " (as in the recording)" if one.status and one.status in recorded.get(one.name, ()) else ""
            yield f"  {status:>4}  {one.name}{same}{'' if is_one else _reason(one)}"
        yield from _listed("not asked", list(replay.not_asked))
    suite = _suite(written.files[0].parent)
    yield f"next: {f'perfkit check-setup {suite}'.rstrip()}, then {f'perfkit bench {suite}'.rstrip()}"


def _reason(one: Unanswered) -> str:
    """Why it counts as failed; nothing where its status says it."""
    return f"  {': '.join(part for part in (one.error, one.message) if part)}" if one.error else ""


def _suite(folder: Path) -> str:
    """What commands are told so that they find the suite, as a shell reads it; nothing for the one of this folder."""
    return "" if folder.resolve() == Path.cwd() else shlex.quote(str(folder / SUITE))


def _recorded(written: Written) -> dict[str, set[int | None]]:
    """What the recording's server answered, by endpoint."""
    statuses: dict[str, set[int | None]] = {}
    for step in getattr(written.imported.load, "steps", ()):
        statuses.setdefault(step.name, set()).add(step.recorded_status)
    return statuses


def _as_json(written: Written, replay: Replay) -> dict[str, Any]:
    imported = written.imported
    return {
        "schema": 1,
        "written": [str(path) for path in written.files],
        "url": written.url,
        "called": list(imported.names),
        "not_called": [{"name": one.name, "reason": one.reason} for one in imported.skipped],
        "notes": list(imported.notes),
        "variables": [one.name for one in imported.variables],
        "replay": {
            "requests": replay.requests,
            "reason": replay.reason,
            "not_asked": list(replay.not_asked),
            "unanswered": [
                {"name": one.name, "status": one.status, "error": one.error, "message": one.message, "count": one.count}
                for one in replay.unanswered
            ],
        },
    }
