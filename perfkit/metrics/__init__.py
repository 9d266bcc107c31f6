"""Metrics: a run's raw rows as one flat list. `FAMILIES` is the table; a new family is a file and a line.

Importing this loads neither pandas nor numpy, so that the names are cheap to ask for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from perfkit.metrics import (
    arrivals,
    cache,
    cpu,
    errors,
    heap,
    latency,
    leak,
    locks,
    memory,
    payload,
    process,
    sessions,
    sql,
    system,
    throughput,
    traced,
)

if TYPE_CHECKING:
    from perfkit.metrics.measured import Measured
    from perfkit.model import Metric, Run

BLOCK_S: Final = 15.0
BLOCKS: Final = 12
MOST_BLOCKS: Final = 480


class Family(Protocol):
    """A module of metrics: `NAMES` says what each is, `compute` gives those that were measured, and no others."""

    @property
    def NAMES(self) -> dict[str, str]:  # noqa: N802  # a constant of the module, which nobody may set
        """Name → what it is."""
        ...

    def compute(self, measured: Measured) -> list[Metric]:
        """The family's metrics of a run, or of one window of it."""
        ...


FAMILIES: Final[Mapping[str, Family]] = {
    "latency": latency,
    "throughput": throughput,
    "arrivals": arrivals,
    "errors": errors,
    "payload": payload,
    "cache": cache,
    "memory": memory,
    "heap": heap,
    "leak": leak,
    "cpu": cpu,
    "process": process,
    "system": system,
    "sql": sql,
    "traced": traced,
    "sessions": sessions,
    "locks": locks,
}


def names() -> dict[str, str]:
    """Every metric there is: name → what it is."""
    return {name: what for family in FAMILIES.values() for name, what in family.NAMES.items()}


def compute(run: Run) -> list[Metric]:
    """All metrics of a run. What was not measured is not in the list."""
    from perfkit.metrics.measured import measured_of

    return _all_of(measured_of(run))


def windows(run: Run, window_s: float, only: Collection[str] | None = None) -> list[list[Metric]]:
    """The metrics of each whole window of `window_s` seconds of each measured phase; of those names `only`.

    A request belongs to the window in which it was meant to start. Idle memory and slow SQL are facts of whole phases
    and not in the windows.

    Raises:
        ValueError: `window_s` is not above 0.
    """
    from perfkit.metrics.measured import windows_of

    if not window_s > 0:
        raise ValueError(f"a window of {window_s} s is none")
    return [_all_of(window, only) for window in windows_of(run, window_s)]


def blocks(
    run: Run, longest_s: float = BLOCK_S, at_least: int = BLOCKS, only: Collection[str] | None = None
) -> list[list[Metric]]:
    """Windows to compare runs by: of `longest_s`, in shorter phases less, so that each has `at_least` of them, and in
    phases of hours more, so that none has more than 480. Of those names `only`.
    """
    from perfkit.metrics.measured import blocks_of

    return [_all_of(block, only) for block in blocks_of(run, longest_s, at_least, MOST_BLOCKS)]


def _all_of(measured: Measured, only: Collection[str] | None = None) -> list[Metric]:
    families = [family for family in FAMILIES.values() if only is None or not family.NAMES.keys().isdisjoint(only)]
    found = (metric for family in families for metric in family.compute(measured))
    return [metric for metric in found if only is None or metric.name in only]
