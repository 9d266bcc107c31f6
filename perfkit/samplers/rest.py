"""Read a target at rest: wait until it does nothing, have its garbage collected where that can be, read what is left.

Knows process trees and heaps; knows nothing of load or of rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Final

from perfkit.samplers.detail import Activity
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.runtime import RuntimeHeaps

IDLE_CPU: Final = 0.05
QUIET_S: Final = 2.0
LONGEST_S: Final = 20.0
READINGS: Final = 3
_LOOK_S: Final = 0.1


class AtRest:
    """What a tree of processes holds when nobody asks anything of it.

    A reading has `memory_bytes` (anonymous memory), `threads_count`, `fds_count` and `sockets_count`; with `heaps` also
    `heap_bytes` after garbage collection: used, and external to it.
    """

    def __init__(
        self,
        watch: tuple[str, ...],
        heaps: RuntimeHeaps | None = None,
        *,
        quiet_s: float = QUIET_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tree = ProcessTree(watch)
        self._activity = Activity(self._tree)
        self._heaps = heaps
        self._quiet_s = quiet_s
        self._sleep = sleep

    @property
    def collects_garbage(self) -> bool:
        return self._heaps is not None

    def wait(self) -> bool:
        """Until its CPU was below 5 % for two seconds; False when it was not idle within 20 s."""
        deadline = time.monotonic() + LONGEST_S
        quiet_from = time.monotonic()
        self._tree.read()
        while time.monotonic() - quiet_from < self._quiet_s:
            if time.monotonic() > deadline:
                return False
            self._sleep(_LOOK_S)
            if self._tree.read().get("cpu_ratio", 0.0) >= IDLE_CPU:
                quiet_from = time.monotonic()
        return True

    def read(self) -> Mapping[str, float]:
        """Medians of three readings."""
        heap = dict(self._heap())
        readings = []
        for _ in range(READINGS):
            self._sleep(_LOOK_S / 2)
            readings.append(self._one())
        shared = set.intersection(*(set(reading) for reading in readings))
        return heap | {name: statistics.median(reading[name] for reading in readings) for name in sorted(shared)}

    def _one(self) -> dict[str, float]:
        tree, files = self._tree.read(), self._activity.read()
        found = {"memory_bytes": tree.get("anon_bytes"), "threads_count": tree.get("threads_count")}
        found |= {name: files.get(name) for name in ("fds_count", "sockets_count")}
        return {name: value for name, value in found.items() if value is not None}

    def _heap(self) -> Mapping[str, float]:
        if self._heaps is None:
            return {}
        clean = self._heaps.read_clean()
        limit = {name: clean[name] for name in ("heap_limit_bytes",) if name in clean}
        return limit | {"heap_bytes": clean["heap_used_bytes"] + clean.get("heap_external_bytes", 0.0)}
