"""`perfkit bench`: measure a system once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.model import Config

HELP = """Load a system, watch it, explain its slow SQL, judge it and report.

SUITE is a perfkit.toml (default: the one in this folder) or a Locust file. Examples:

  perfkit bench

  perfkit bench staging.toml --quick --out /tmp/reports

  perfkit bench locustfile.py --host http://127.0.0.1:8000 --users 20 --duration 1m

  perfkit bench locustfile.py --host http://127.0.0.1:8000 --rate 200/s --duration 1m

  perfkit bench locustfile.py --host http://127.0.0.1:8000 -- --tags checkout

  perfkit bench --profile spike
"""


def register(app: typer.Typer) -> None:
    app.command("bench", help=HELP)(bench)


def bench(
    suite: Annotated[Path | None, typer.Argument(help="A perfkit.toml or a Locust file.")] = None,
    locust: Annotated[list[str] | None, typer.Argument(metavar="-- LOCUST...", help="Arguments for Locust.")] = None,
    host: Annotated[str | None, typer.Option(help="URL of the target; overrides target.url.")] = None,
    profile: Annotated[str | None, typer.Option(help="Run the phases of this [profile.NAME] of the suite.")] = None,
    users: Annotated[int | None, typer.Option(min=1, help="Concurrent users (Locust file only; default 10).")] = None,
    rate: Annotated[str | None, typer.Option(help="Arrivals in place of users, like 200/s (Locust file only).")] = None,
    poisson: Annotated[bool, typer.Option("--poisson", help="Arrivals at random, as people come.")] = False,
    max_users: Annotated[int | None, typer.Option(min=1, help="With --rate: users at most (default 1000).")] = None,
    duration: Annotated[str | None, typer.Option(help="Length of the load, like 30s (Locust file only).")] = None,
    warmup: Annotated[str | None, typer.Option(help="Left out at the beginning, like 3s (Locust file only).")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Shorten every phase: a smoke test, no measurement.")] = False,
    out: Annotated[Path, typer.Option(help="Where run folders go.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    from perfkit import store
    from perfkit.cli import shown
    from perfkit.config import quick as quickened
    from perfkit.measure import measure
    from perfkit.report.writing import write_reports
    from perfkit.story import tell

    arrivals = "poisson" if poisson else None
    load = {"users": users, "rate": rate, "arrivals": arrivals, "max_users": max_users}
    config = _config(suite, tuple(locust or ()), host, profile, load | {"duration": duration, "warmup": warmup})
    config = quickened(config) if quick else config
    with shown.live_voice() as voice:
        measurement = measure(config, out / store.new_name(config.name), show=voice.show, note=voice.note)
    story = tell(measurement.run)
    paths = write_reports(story, measurement.run.folder)
    shown.print_result(story, paths[0], as_json=as_json)
    shown.leave(measurement, story.after)


def _config(
    suite: Path | None, locust: tuple[str, ...], host: str | None, profile: str | None, load: Mapping[str, Any]
) -> Config:
    """`load`: what the options say of the one phase of a Locust file, by the keys of [[phase]]."""
    from perfkit import config, metrics

    if suite is not None and suite.suffix == ".py":
        if host is None:
            raise UsageError("a Locust file alone does not say what to load", hint="add --host http://127.0.0.1:8000")
        if profile is not None:
            raise UsageError("--profile goes with a suite", hint="a Locust file alone has no [profile.NAME]")
        return config.without_file(suite, host, arguments=locust, **load)
    for key, value in load.items():
        if value is not None:
            option = "poisson" if key == "arrivals" else key.replace("_", "-")
            raise UsageError(f"--{option} goes with a Locust file", hint="change the [[phase]] of the suite instead")
    file = suite or Path("perfkit.toml")
    return config.load(file, metrics=metrics.names(), url=host, arguments=locust, profile=profile)
