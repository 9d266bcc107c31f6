"""The command line: the app, and the one door where errors are printed and exit codes are made.

Kept light: `perfkit --help` must not wait for pandas or psycopg, so commands import what they need in their bodies.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import NoReturn

import typer

from perfkit import __version__
from perfkit.cli import bench, check, check_setup, compare, demo, explain, init, memory, report, streams, worker
from perfkit.errors import ConfigError, PerfkitError
from perfkit.visible import visible

BUG = 70

app = typer.Typer(
    name="perfkit",
    help="Load-test a back end, watch its memory, explain its slow SQL, and prove before and after.",
    epilog="Start with: perfkit demo --quick. Exit codes: 0 holds, 1 does not hold, 2 usage, 3 target, 4 scenario, "
    "5 database, 6 measurement discarded, 7 inconclusive, 70 a bug, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, bench, check, compare, report, explain, memory, init, worker, check_setup):
    command.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"perfkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Print the version."),
) -> None:
    """Options of all commands."""


def main() -> NoReturn:
    """Run the command line and exit with a code of the table in the documentation."""
    streams.prepare()
    # Job control and `kill` mean the same as Ctrl-C: keep what was measured, leave no process behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except PerfkitError as error:
        _say(error)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 (the door: whatever comes here is a bug, and is said to be one)
        sys.exit(_bug(error))
    sys.exit(0)


def _say(error: PerfkitError) -> None:
    from perfkit.redact import redact_dsn

    lines = [f"error: {error.message}"]
    lines += [f"  {problem}" for problem in (error.problems if isinstance(error, ConfigError) else ())]
    lines += [f"  → {error.hint}"] if error.hint else []
    print("\n".join(visible(redact_dsn(line)) for line in lines), file=sys.stderr)


def _bug(error: Exception) -> int:
    """A traceback helps nobody at a terminal: it goes to a file, and the file is named."""
    import tempfile
    import traceback

    from perfkit.redact import redact_dsn

    with tempfile.NamedTemporaryFile("w", prefix="perfkit-bug-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write(redact_dsn("".join(traceback.format_exception(error))))
    said = visible(redact_dsn(str(error)))
    print(f"error: a bug in perfkit: {type(error).__name__}: {said}", file=sys.stderr)
    print(f"  → please report it with {Path(log.name)}", file=sys.stderr)
    return BUG
