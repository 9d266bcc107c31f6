"""Where the time of an endpoint goes, as a table for 80 columns."""

from __future__ import annotations

from typing import Final

from rich.table import Table

from perfkit import units
from perfkit.model import Judged
from perfkit.terminal.text import MISSING, cut, new_table

_MOST: Final = 12


def budgets_table(judged: Judged) -> Table:
    """One request of each endpoint alone, by parts; and what it waits for locks under load."""
    left_out = len(judged.budgets) - _MOST
    phase = next((one.lock_wait_phase for one in judged.budgets if one.lock_wait_phase), None)
    load = f"lock wait: one request in {phase}" if phase else "lock wait under load is not known"
    more = f"; and {units.count(left_out, 'more endpoint')}" if left_out > 0 else ""
    table = new_table("Where the time of one request goes, alone", caption=f"{load}{more}")
    table.add_column("Endpoint", ratio=1, overflow="fold", min_width=12)
    for label in ("In all", "SQL", "Planning", "Trips", "Rest", "Lock wait"):
        table.add_column(label, justify="right", no_wrap=True)
    for one in judged.budgets[:_MOST]:
        parts = (one.service_ms, one.execution_ms, one.planning_ms, one.round_trips_ms, one.rest_ms)
        wait = MISSING if one.lock_wait_ms is None else units.show(one.lock_wait_ms, "ms")
        table.add_row(cut(one.endpoint), *(units.show(ms, "ms") for ms in parts), wait)
    return table
