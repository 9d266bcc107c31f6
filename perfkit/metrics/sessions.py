"""Sessions of the database under load. Knows readings of how many are busy and how many wait; no statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from perfkit.model import Better, Metric, Scope

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured

NAMES: Final[dict[str, str]] = {
    "sessions.connections_count": "most connections to the database at once, without perfkit's own",
    "sessions.busy_count": "connections that were executing, or inside a transaction, on average",
    "sessions.idle_in_transaction_count": "connections that held a transaction open, executing nothing, on average",
    "sessions.lock_waiting_count": "connections that waited for a lock, on average",
}

_BETTER: Final[dict[str, Better | None]] = {
    "connections_count": None,
    "busy_count": "lower",
    "idle_in_transaction_count": "lower",
    "lock_waiting_count": "lower",
}


def compute(measured: Measured) -> list[Metric]:
    found = []
    for name in NAMES:
        reading = name.removeprefix("sessions.")
        for phase, readings in measured.during("database", reading):
            value = readings.highest if reading == "connections_count" else readings.mean
            if phase is not None:
                found.append(Metric(name, value, Scope(phase=phase), better=_BETTER[reading], n=len(readings)))
    return found
