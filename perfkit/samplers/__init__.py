"""Samplers: each reads one thing of the running system. `SAMPLERS` is the table; a new one is a file and a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from perfkit.model import Config
from perfkit.samplers import cgroup, detail, heap, postgres_activity, process, runtime, system
from perfkit.samplers.postgres_activity import Named, PostgresActivity


class Sampler(Protocol):
    """One thing that can be read again and again. `period_s` is the least time between two readings."""

    source: str
    period_s: float

    def read(self) -> Mapping[str, float]:
        """Metric (with its unit as the last word) → value; what cannot be read now is left out."""
        ...

    def close(self) -> None:
        """Give back what is held open in the target."""
        ...


SAMPLERS: Final[tuple[Callable[[Config], Sequence[Sampler]], ...]] = (
    process.from_config,
    detail.from_config,
    cgroup.from_config,
    heap.from_config,
    runtime.from_config,
    system.from_config,
    postgres_activity.from_config,
)


def from_config(config: Config, *, named: Named | None = None) -> list[Sampler]:
    """The samplers that a configuration asks for. `named` tells statements of the database apart.

    Raises:
        TargetError: a process to watch is not there.
    """
    samplers = [sampler for make in SAMPLERS for sampler in make(config)]
    for sampler in samplers:
        if isinstance(sampler, PostgresActivity):
            sampler.named = named
    return samplers
