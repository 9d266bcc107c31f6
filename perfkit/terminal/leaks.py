"""The verdicts on leaks as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from perfkit import leak_lines, units
from perfkit.model import Grown, Judged, LeakVerdict
from perfkit.terminal.text import new_table, plain

_LOOKS: Final = {"LEAK": "bold red", "OK": "green", "RETAINED": "", "INCONCLUSIVE": "yellow"}


def leaks_list(judged: Judged) -> list[Table]:
    """The verdicts, and what a leaking heap held more of; nothing where nobody looked for leaks."""
    found = leak_lines.grown(judged)
    return [*([_verdicts(judged.leaks)] if judged.leaks else []), *([_grown(found)] if found else [])]


def _verdicts(leaks: Sequence[LeakVerdict]) -> Table:
    """Each resource with its verdict, how fast it grew, and why the verdict is what it is."""
    table = new_table("Leaks, by what was left at rest after equal rounds of load")
    table.add_column("Resource", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Growth", overflow="fold")
    table.add_column("Because", ratio=1, overflow="fold")
    for leak in leaks:
        told = leak_lines.leak(leak)
        rate = ", ".join(part for part in (told.per_hour, told.limit) if part) if leak.outcome == "LEAK" else ""
        growth = plain(told.growth).append(f"\n{rate}" if rate else "")
        reason = plain(leak.reason).append("; low confidence" if leak.confidence == "low" else "", "dim")
        table.add_row(plain(told.resource), Text(leak.outcome, _LOOKS[leak.outcome]), growth, reason)
    return table


def _grown(found: Sequence[Grown]) -> Table:
    """What a leaking heap held more of."""
    table = new_table("What the heap held more of after the rounds")
    table.add_column("Constructor", overflow="fold")
    table.add_column("More of them", justify="right", no_wrap=True)
    table.add_column("Their own bytes", justify="right", no_wrap=True)
    for one in found:
        table.add_row(plain(one.constructor), f"{one.count:,}", units.show(one.bytes, "bytes"))
    return table
