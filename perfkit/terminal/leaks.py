"""The verdicts on leaks as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from perfkit import leak_lines, units
from perfkit.model import Grown, Judged, LeakChange, LeakVerdict
from perfkit.terminal.text import new_table, plain

_LOOKS: Final = {"LEAK": "bold red", "OK": "green", "RETAINED": "", "INCONCLUSIVE": "yellow"}
_DIRECTIONS: Final = {"improved": "green", "regressed": "bold red"}


def leaks_list(judged: Judged, changes: Sequence[LeakChange] = ()) -> list[Table]:
    """The verdicts, or what changed about them, and what a leaking heap held more of; nothing where nobody looked for
    leaks.
    """
    found = leak_lines.grown(judged)
    verdicts = [_changes(changes)] if changes else [_verdicts(judged.leaks)] if judged.leaks else []
    return [*verdicts, *([_grown(found)] if found else [])]


def _changes(changes: Sequence[LeakChange]) -> Table:
    """Each resource before and after: its verdict, and what 10,000 requests leave behind."""
    table = new_table("Leaks before and after: growth in 10,000 requests")
    table.add_column("Resource", overflow="fold")
    table.add_column("Verdict", overflow="fold")
    table.add_column("Growth", ratio=1, overflow="fold")
    table.add_column("", no_wrap=True)
    several = len({it.phase for it in changes}) > 1
    for it in changes:
        told = leak_lines.change(it)
        outcomes = Text(" → ").join(Text(outcome, _LOOKS.get(outcome, "")) for outcome in told.outcomes)
        growth = plain(" → ".join(told.growth)).append(
            f"\ndifference, {told.difference}" if told.difference else "", "dim"
        )
        table.add_row(
            _name(told.resource, it.phase if several else ""),
            outcomes,
            growth,
            Text(it.change.direction, _DIRECTIONS.get(it.change.direction, "dim")),
        )
    return table


def _verdicts(leaks: Sequence[LeakVerdict]) -> Table:
    """Each resource with its verdict, how fast it grew, and why the verdict is what it is."""
    table = new_table("Leaks, by what was left at rest after equal rounds of load")
    table.add_column("Resource", overflow="fold")
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Growth", overflow="fold")
    table.add_column("Because", ratio=1, overflow="fold")
    several = len({leak.phase for leak in leaks}) > 1
    for leak in leaks:
        told = leak_lines.leak(leak)
        rate = ", ".join(part for part in (told.per_hour, told.limit) if part) if leak.outcome == "LEAK" else ""
        growth = plain(told.growth).append(f"\n{rate}" if rate else "")
        reason = plain(leak.reason).append("; low confidence" if leak.confidence == "low" else "", "dim")
        name = _name(told.resource, leak.phase if several else "")
        table.add_row(name, Text(leak.outcome, _LOOKS[leak.outcome]), growth, reason)
    return table


def _name(resource: str, phase: str) -> Text:
    return plain(resource).append("\n").append(plain(phase, "dim")) if phase else plain(resource)


def _grown(found: Sequence[Grown]) -> Table:
    """What a leaking heap held more of."""
    table = new_table("What the heap held more of after the rounds")
    table.add_column("Constructor, type or class", overflow="fold")
    table.add_column("More of them", justify="right", no_wrap=True)
    table.add_column("Their own bytes", justify="right", no_wrap=True)
    for one in found:
        table.add_row(plain(one.constructor), f"{one.count:,}", units.show(one.bytes, "bytes"))
    return table
