"""Read memory and CPU of a process tree. Knows /proc by way of `proc`; knows nothing of time, files or load."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

import psutil

from perfkit.errors import TargetError
from perfkit.model import Config
from perfkit.samplers.proc import Facts, facts, family
from perfkit.samplers.whom import find, in_group

SOURCE: Final = "target"


def from_config(config: Config) -> Sequence[ProcessTree]:
    return [ProcessTree(config.target.watch, config.sampling.period_s)] if config.target.watch else []


class ProcessTree:
    """The processes that `watch` names, with their children; found again when they are replaced.

    Readings, summed over the tree: `rss_bytes`, `anon_bytes` (RssAnon; the best view of a heap from outside),
    `swap_bytes`, `threads_count`, `cpu_ratio` (1.0 is one core, since the last reading), `processes_count`,
    `restarts_count` (roots replaced so far).
    """

    source = SOURCE

    def __init__(self, watch: tuple[str, ...], period_s: float = 0.25) -> None:
        self.period_s = period_s
        self._watch = watch
        self._roots = [find(text) for text in watch]
        self._cpu: dict[tuple[int, int], float] = {}
        self._read_at = time.perf_counter()
        self.restarts = 0

    @property
    def is_alive(self) -> bool:
        return all(_is_alive(root) for root in self._roots)

    @property
    def can_come_back(self) -> bool:
        """Whether another process could take the place of one that ends: nobody else ever has its pid."""
        return not any(text.startswith("pid:") for text in self._watch)

    @property
    def roots(self) -> list[int]:
        return [root.pid for root in self._roots]

    def read(self) -> Mapping[str, float]:
        self.find_again()
        members = [found for pid in self.members() if (found := facts(pid)) is not None and not found.is_zombie]
        reading = {"processes_count": float(len(members)), "restarts_count": float(self.restarts)}
        if not members:
            return reading
        reading |= {
            "rss_bytes": float(sum(member.rss_bytes for member in members)),
            "anon_bytes": float(sum(member.anon_bytes for member in members)),
            "swap_bytes": float(sum(member.swap_bytes for member in members)),
            "threads_count": float(sum(member.threads for member in members)),
        }
        cpu = self._cpu_ratio(members)
        return reading if cpu is None else reading | {"cpu_ratio": cpu}

    def find_again(self) -> None:
        """Look for those that have gone: a server that was started anew is the same target."""
        for position, root in enumerate(self._roots):
            if _is_alive(root):
                continue
            try:
                replacement = find(self._watch[position])
            except TargetError:
                continue
            self._roots[position] = replacement
            self.restarts += 1

    def members(self) -> list[int]:
        """The pids of the tree as they are now, each once."""
        found: dict[int, None] = {}
        for watch, root in zip(self._watch, self._roots, strict=True):
            kind, _, path = watch.partition(":")
            found |= dict.fromkeys(in_group(path) if kind == "cgroup" else family(root.pid))
        return list(found)

    def close(self) -> None:
        """Nothing is held open."""

    def _cpu_ratio(self, members: list[Facts]) -> float | None:
        """CPU seconds of the members since the last reading per second; None at the first reading."""
        now = time.perf_counter()
        spent = {member.key: member.cpu_s for member in members}
        before, elapsed = self._cpu, now - self._read_at
        self._cpu, self._read_at = spent, now
        if not before or elapsed <= 0:
            return None
        return sum(max(seconds - before.get(key, 0.0), 0.0) for key, seconds in spent.items()) / elapsed


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
