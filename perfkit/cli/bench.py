"""`perfkit bench`: measure a system once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from perfkit.cli.crowd import with_workers
from perfkit.cli.dashed import DashedCommand, after_dashes
from perfkit.cli.given import quantity
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.model import Config

_NO_HOST: Final = "http://localhost"
_OPTIONS: Final = {"arrivals": "poisson", "is_lean": "lean"}

HELP = """Load a system, watch it, explain its slow SQL, judge it and report.

SUITE is a perfkit.toml (default: the one in this folder), or Locust files, or folders of them. Words after -- are for
Locust and the scenario's own options. Examples:

  perfkit bench

  perfkit bench staging.toml --quick --out /tmp/reports

  perfkit bench locustfile.py --host http://127.0.0.1:8000 --users 20 --duration 1m

  perfkit bench locustfile.py --host http://127.0.0.1:8000 --rate 200/s --duration 1m

  perfkit bench locustfile.py --host http://127.0.0.1:8000 -- --tags checkout

  perfkit bench shop.py admin.py --host http://127.0.0.1:8000 --lean

  perfkit bench --profile spike

  perfkit bench --workers 4

  perfkit bench --expect-workers 2 --bind 10.0.0.5
"""


def register(app: typer.Typer) -> None:
    app.command("bench", help=HELP, cls=DashedCommand)(bench)


def bench(
    context: typer.Context,
    suite: Annotated[list[Path] | None, typer.Argument(help="A perfkit.toml, or one or more Locust files.")] = None,
    host: Annotated[str | None, typer.Option(help="URL of the target; overrides target.url.")] = None,
    profile: Annotated[str | None, typer.Option(help="Run the phases of this [profile.NAME] of the suite.")] = None,
    users: Annotated[int | None, typer.Option(min=1, help="Concurrent users (Locust file only; default 10).")] = None,
    rate: Annotated[str | None, typer.Option(help="Arrivals in place of users, like 200/s (Locust file only).")] = None,
    poisson: Annotated[bool, typer.Option("--poisson", help="Arrivals at random, as people come.")] = False,
    max_users: Annotated[int | None, typer.Option(min=1, help="With --rate: users at most (default 1000).")] = None,
    duration: Annotated[str | None, typer.Option(help="Length of the load, like 30s (Locust file only).")] = None,
    warmup: Annotated[str | None, typer.Option(help="Left out at the beginning, like 3s (Locust file only).")] = None,
    lean: Annotated[
        bool, typer.Option("--lean", help="perfkit's HTTP client for Locust's (Locust file only).")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=0, help="Load processes of this machine (default 1).")] = None,
    expect_workers: Annotated[int, typer.Option(min=0, help="So many more join with `perfkit worker`.")] = 0,
    bind: Annotated[
        str | None, typer.Option(metavar="HOST[:PORT]", help="Where those find this run (default 127.0.0.1:5557).")
    ] = None,
    wait: Annotated[str | None, typer.Option(help="How long to wait for them (default 1m).")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Shorten every phase: a smoke test, no measurement.")] = False,
    report_every: Annotated[
        str | None, typer.Option(help="Renew the report meanwhile; 0s: never (default 10m if longer than 30m).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where run folders go.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    from perfkit.cli import measuring
    from perfkit.config import quick as quickened

    arrivals = "poisson" if poisson else None
    load = {"users": users, "rate": rate, "arrivals": arrivals, "max_users": max_users, "duration": duration}
    load |= {"warmup": warmup, "is_lean": lean or None}
    config = _config(suite or [], after_dashes(context), host, profile, load)
    config = with_workers(quickened(config) if quick else config, workers, expect_workers, bind, wait)
    every_s = None if report_every is None else quantity("--report-every", report_every)
    measuring.run(config, out, as_json=as_json, report_every_s=every_s)


def _config(
    named: Sequence[Path], locust: tuple[str, ...], host: str | None, profile: str | None, load: Mapping[str, Any]
) -> Config:
    """`load`: what the options say of the one phase of a Locust file, by the keys of [[phase]]; and `is_lean`."""
    from perfkit import config, metrics

    given = {key: value for key, value in load.items() if value is not None}
    files = locust_files(named)
    if files:
        if profile is not None:
            raise UsageError("--profile goes with a suite", hint="a Locust file alone has no [profile.NAME]")
        read = config.without_file(files, host or _NO_HOST, arguments=locust, **given)  # its mistakes come first
        if host is None:
            raise UsageError("a Locust file alone does not say what to load", hint="add --host http://127.0.0.1:8000")
        return read
    for key in given:
        option = _OPTIONS.get(key, key.replace("_", "-"))
        hint = "write lean = true into its [scenario]" if key == "is_lean" else "change the [[phase]] of the suite"
        raise UsageError(f"--{option} goes with a Locust file", hint=f"{hint} instead")
    file = named[0] if named else Path("perfkit.toml")
    return config.load(file, metrics=metrics.names(), url=host, arguments=locust, profile=profile)


def locust_files(named: Sequence[Path]) -> list[Path]:
    """The Locust files and folders that are named, also as Locust writes them: "a.py,b.py". None: a suite is named.

    Raises:
        UsageError: a suite and something else.
    """
    parts = [[path] if path.exists() else [Path(part) for part in str(path).split(",")] for path in named]
    files = [file for part in parts for file in part]
    suites = [file for file in files if file.suffix != ".py" and not file.is_dir()]
    if not suites:
        return files
    if len(files) > 1:
        hint = "name several Locust files in the suite: [scenario] files = [...]; arguments for Locust stand after --"
        raise UsageError(f"{suites[0]} is a suite, which is run alone", hint=hint)
    return []
