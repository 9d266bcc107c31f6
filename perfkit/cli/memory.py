"""`perfkit memory`: watch processes, with or without a load; a verdict on leaks."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit import units
from perfkit.cli.given import quantity
from perfkit.errors import TargetError, UsageError
from perfkit.visible import on_one_line

if TYPE_CHECKING:
    from perfkit.model import HeapDoor, Phase
    from perfkit.watching import Watched

HELP = """Watch the memory of processes, live; or find out whether they leak.

WATCH is pid:123, port:8000, name:gunicorn, unit:erp.service or cgroup:/system.slice/…; its children belong to it. It
changes nothing in what it watches. Examples:

  perfkit memory port:8000

  perfkit memory port:8000 --until 10m --csv memory.csv --json

  perfkit memory port:3000 --heap

  perfkit memory port:3000 --heap --leak locustfile.py --host http://127.0.0.1:3000

With --leak it drives equal rounds of load, lets the target rest after each, and exits with 1 where something leaks.
"""

PLAIN_EVERY_S = 10.0


def register(app: typer.Typer) -> None:
    app.command("memory", help=HELP)(memory)


def memory(
    watch: Annotated[list[str], typer.Argument(help="The processes, each with its children.")],
    until: Annotated[str | None, typer.Option(help="How long, like 10m; without it until Ctrl-C.")] = None,
    period: Annotated[str, typer.Option(help="Time between two readings.")] = "1s",
    heap: Annotated[bool, typer.Option("--heap", help="Read the heap of Node, a JVM or CPython 3.14.")] = False,
    node: Annotated[bool, typer.Option("--node", help="Read Node's heap: opens its inspector meanwhile.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write every reading into this file.")] = None,
    leak: Annotated[Path | None, typer.Option(help="A Locust file: drive it in rounds, and judge.")] = None,
    host: Annotated[str | None, typer.Option(help="With --leak: URL of the target.")] = None,
    users: Annotated[int, typer.Option(min=1, help="With --leak: concurrent users.")] = 10,
    iterations: Annotated[int, typer.Option(min=1, help="With --leak: rounds of every task, a user and round.")] = 100,
    rounds: Annotated[int, typer.Option(min=4, help="With --leak: equal rounds of load.")] = 8,
    cooldown: Annotated[str, typer.Option(help="With --leak: the rest after the last round.")] = "60s",
    snapshots: Annotated[
        bool, typer.Option("--snapshots", help="With --leak and --heap: say what the heap holds more of.")
    ] = False,
    per_task: Annotated[
        bool, typer.Option("--per-task", help="With --leak: rounds for each task, to say which one leaks.")
    ] = False,
    out: Annotated[Path, typer.Option(help="With --leak: where run folders go.")] = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    asked_for: HeapDoor | None = "runtime" if heap else "inspector" if node else None
    if leak is not None:
        if host is None:
            raise UsageError("--leak needs to know what to load", hint="add --host http://127.0.0.1:8000")
        from perfkit.model import LeakRounds, Phase

        cooldown_s = _seconds("--cooldown", cooldown) or 0.0
        how = LeakRounds(rounds, cooldown_s=cooldown_s, has_snapshots=snapshots, is_per_task=per_task)
        phase = Phase("leak", users, iterations, leak=how)
        _find_leaks(leak, host, tuple(watch), phase, out, heap=asked_for, as_json=as_json)
        return
    if host is not None:
        raise UsageError("--host goes with --leak", hint="without a load there is nothing to be sent anywhere")
    _watch(tuple(watch), _seconds("--until", until), _seconds("--period", period) or 1.0, asked_for, csv, as_json)


def _seconds(option: str, text: str | None) -> float | None:
    if text is None:
        return None
    seconds = quantity(option, text)
    if not seconds > 0:
        raise UsageError(f"{option} must be more than zero")
    return seconds


def _watch(
    watch: tuple[str, ...],
    until_s: float | None,
    period_s: float,
    heap: HeapDoor | None,
    csv: Path | None,
    as_json: bool,
) -> None:
    from perfkit.cli import shown
    from perfkit.watching import watch_processes

    with _showing(", ".join(watch)) as show:
        seen = watch_processes(watch, until_s=until_s, period_s=period_s, heap=heap, show=show, note=_note, table=csv)
    if as_json:
        shown.print_json(_as_json(seen))
    else:
        _print(seen)
    if seen.ending == "gone":
        raise TargetError(
            f"{', '.join(watch)} ended after {seen.seconds:.0f} s", hint="what was read until then is kept"
        )
    if seen.ending == "interrupted" and until_s is not None:
        raise typer.Exit(shown.INTERRUPTED)


def _note(said: str) -> None:
    from perfkit.cli import shown

    shown.aside().print(on_one_line(f"· {said}"), markup=False, soft_wrap=True)


@contextlib.contextmanager
def _showing(what: str) -> Iterator[Callable[[float, Mapping[str, float]], None]]:
    """A live display on a terminal; elsewhere a plain line now and then."""
    from perfkit.cli import shown
    from perfkit.terminal import MemoryView, memory_line

    if not shown.is_live():
        next_at = [0.0]

        def say(seconds: float, reading: Mapping[str, float]) -> None:
            if time.monotonic() >= next_at[0]:
                next_at[0] = time.monotonic() + PLAIN_EVERY_S
                shown.aside().print(memory_line(seconds, reading), markup=False, soft_wrap=True)

        yield say
        return
    from rich.live import Live

    view = MemoryView(what)
    with Live(view, console=shown.aside(), refresh_per_second=4, transient=True):
        yield view.update


def _print(seen: Watched) -> None:
    from perfkit import terminal
    from perfkit.cli import shown

    console = shown.out()
    told = {name: (it.first, it.last, it.least, it.greatest) for name, it in seen.ranges.items()}
    anew = f", started anew {units.count(seen.restarts, 'time')}" if seen.restarts else ""
    told_of = f"{', '.join(seen.watch)}: {units.count(seen.readings, 'reading')}{anew}"
    console.print(terminal.memory_table(told_of, told))


def _as_json(seen: Watched) -> dict[str, object]:
    return {
        "schema": 1,
        "watch": list(seen.watch),
        "started_at": seen.started_at,
        "seconds": seen.seconds,
        "readings": seen.readings,
        "ending": seen.ending,
        "restarts": seen.restarts,
        "hidden_processes": len(seen.hidden),
        "hidden": [asdict(one) for one in seen.hidden],
        "metrics": {
            name: {"first": it.first, "last": it.last, "least": it.least, "greatest": it.greatest}
            for name, it in seen.ranges.items()
        },
    }


def _find_leaks(
    file: Path, url: str, watch: tuple[str, ...], phase: Phase, out: Path, *, heap: HeapDoor | None, as_json: bool
) -> None:
    from perfkit import config, grammar, metrics
    from perfkit.cli import measuring

    plain = config.without_file(file, url)
    wanted = replace(
        plain,
        name="leak",
        target=replace(plain.target, watch=watch, heap=heap),
        phases=(phase,),
        expectations=(grammar.parse_expectation("leak.found == 0", metrics=metrics.names(), phases=["leak"]),),
    )
    measuring.run(wanted, out, as_json=as_json)
