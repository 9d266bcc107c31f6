"""Read what is dear to read of a process tree, seldom: open files, context switches, storage, memory of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from perfkit.model import Config
from perfkit.samplers.proc import context_switches, descriptors, shares, transferred
from perfkit.samplers.process import SOURCE, ProcessTree


def from_config(config: Config) -> Sequence[Activity | Shares]:
    if not config.target.watch:
        return []
    tree = ProcessTree(config.target.watch)
    return [Activity(tree), Shares(tree)]


T = TypeVar("T")


class Activity:
    """`fds_count`, `sockets_count` (those of them that are connections or wait for some), and since the last reading
    `context_switches_per_s`, `disk_read_bytes_per_s`, `disk_written_bytes_per_s`, summed over the tree.

    Processes of another user are left out where the system does not let us see them.
    """

    source = SOURCE
    period_s = 2.0

    def __init__(self, tree: ProcessTree) -> None:
        self._tree = tree
        self._before: tuple[float, Mapping[str, float]] | None = None

    def read(self) -> Mapping[str, float]:
        pids = self._tree.members()
        files = _seen(descriptors, pids)
        now, totals = time.perf_counter(), self._totals(pids)
        rates = {}
        if self._before is not None:
            then, before = self._before
            told = [name for name in totals if name in before]
            rates = {f"{name}_per_s": max(totals[name] - before[name], 0.0) / (now - then) for name in told}
        self._before = now, totals
        counts = [sum(column) for column in zip(*files, strict=True)]
        return rates | dict(zip(("fds_count", "sockets_count"), map(float, counts), strict=False))

    def close(self) -> None:
        """Nothing is held open."""

    def _totals(self, pids: Sequence[int]) -> dict[str, float]:
        """Of the processes that may be seen; where none may, there is nothing to say."""
        totals = {"context_switches": float(sum(_seen(context_switches, pids)))}
        if bytes_ := list(_seen(transferred, pids)):
            totals["disk_read_bytes"] = float(sum(read for read, _ in bytes_))
            totals["disk_written_bytes"] = float(sum(written for _, written in bytes_))
        return totals


class Shares:
    """`uss_bytes`, what would be free if the tree ended, and `pss_bytes`, with its share of what others use too."""

    source = SOURCE
    period_s = 10.0

    def __init__(self, tree: ProcessTree) -> None:
        self._tree = tree

    def read(self) -> Mapping[str, float]:
        found = list(_seen(shares, self._tree.members()))
        if not found:
            return {}
        return {"uss_bytes": float(sum(uss for uss, _ in found)), "pss_bytes": float(sum(pss for _, pss in found))}

    def close(self) -> None:
        """Nothing is held open."""


def _seen(look: Callable[[int], T | None], pids: Sequence[int]) -> Iterator[T]:
    return (found for pid in pids if (found := look(pid)) is not None)
