"""What commands share in showing: consoles, the live display, a story on the terminal, the exit code of a story."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from perfkit.visible import json_text, on_one_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from perfkit.measure import Measurement
    from perfkit.model import Finding, Judged, NotExplained, Progress, QueryPlan, Story
    from perfkit.phases import Note, Show

PLAIN_EVERY_S = 10.0
INTERRUPTED = 130


def out() -> Console:
    """The console for results. Off a terminal it is wide and plain, so that nothing is cut or coloured."""
    return _console(sys.stdout.isatty(), is_for_errors=False)


def aside() -> Console:
    """The console for progress and messages: standard error."""
    return _console(sys.stderr.isatty(), is_for_errors=True)


def _console(is_terminal: bool, *, is_for_errors: bool) -> Console:
    from rich.console import Console

    return Console(stderr=is_for_errors, width=None if is_terminal else 120, highlight=False)


def is_live() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI")


@dataclass(slots=True)
class Voice:
    """Where a measurement tells how it goes."""

    show: Show
    note: Note


@contextlib.contextmanager
def live_voice() -> Iterator[Voice]:
    """A live display on a terminal; elsewhere a plain line now and then."""
    if not is_live():
        yield _plain_voice()
        return
    from rich.live import Live

    from perfkit.terminal import LiveView

    console = aside()
    view = LiveView()
    with Live(view, console=console, refresh_per_second=4, transient=True):

        def show(progress: Progress) -> None:
            view.update(progress)

        def note(text: str) -> None:
            view.rest()
            console.print(on_one_line(f"· {text}"), markup=False, soft_wrap=True)  # an address in it is copied

        yield Voice(show, note)


def _plain_voice() -> Voice:
    from perfkit.terminal import progress_line

    next_at = [0.0]

    def show(progress: Progress) -> None:
        if time.monotonic() >= next_at[0]:
            next_at[0] = time.monotonic() + PLAIN_EVERY_S
            say(progress_line(progress))

    def note(text: str) -> None:
        next_at[0] = time.monotonic() + PLAIN_EVERY_S
        say(f"· {text}")

    return Voice(show, note)


def print_json(content: dict[str, Any]) -> None:
    """JSON on standard output, in signs that this has."""
    is_utf = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json_text(content, is_ascii=not is_utf))


def say(text: str) -> None:
    """A line on standard error, of which nothing does anything there."""
    print(on_one_line(text), file=sys.stderr, flush=True)


def print_result(story: Story, path: Path | None, *, as_json: bool) -> None:
    """A story on standard output: as JSON, or as tables with the path of its report last."""
    from perfkit.report.figures import metrics_json
    from perfkit.report.redaction import redacted

    if as_json:
        print_json(metrics_json(story))
        return
    _print_tables(redacted(story))
    if path is not None:
        print_path(path)


def _print_tables(story: Story) -> None:
    """The plans' own tables first, then what was asked besides, then what changed, then what to mend."""
    from perfkit import terminal

    console = out()
    for table in terminal.sheets_table(story):
        console.print(table)
    if not story.sheets:
        console.print(terminal.metrics_table(story.after))
    if story.after.verdicts:
        console.print(terminal.verdicts_table(story.after, story.sheets))
    if story.comparison is not None:
        console.print(terminal.comparison_table(story.comparison))
    if story.after.run.validity.failed:
        console.print(terminal.validity_table(story.after))
    for item in terminal.notes_list(story):
        console.print(item)
    for item in terminal.leaks_list(story.after, story.comparison.leaks if story.comparison else ()):
        console.print(item)
    for item in _why(story.before or story.after):
        console.print(item)


def _why(judged: Judged) -> Iterator[RenderableType]:
    """Where the time went, and what to mend."""
    from perfkit import terminal

    if judged.budgets:
        yield terminal.budgets_table(judged)
    if judged.queries:
        yield terminal.queries_table(judged)
    yield from terminal.findings_list(judged.findings)


def print_plans(
    plans: Sequence[QueryPlan | NotExplained],
    findings: Sequence[Finding],
    headings: Sequence[RenderableType] | None = None,
) -> None:
    """Each plan as a tree, under its heading, with what was found in it."""
    from perfkit import terminal

    console = out()
    for position, plan in enumerate(plans):
        if headings is not None:
            console.print(headings[position])
        console.print(terminal.plan_tree(plan, findings))
        for item in terminal.findings_list([one for one in findings if one.fingerprint == plan.fingerprint]):
            console.print(item)


def print_path(path: Path) -> None:
    """The last line: where the report is. Never wrapped, so that it can be clicked and copied."""
    print(path, flush=True)


def leave(measurement: Measurement, judged: Judged) -> NoReturn:
    """End the command: by what went wrong, by Ctrl-C, or by the verdicts (6 discarded, 1 does not hold, 0 holds)."""
    import typer

    from perfkit.judge.targets import gate

    if measurement.trouble is not None:
        raise measurement.trouble
    if judged.run.status == "interrupted":
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(gate(judged.verdicts, judged.run.validity))
