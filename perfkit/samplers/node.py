"""The heap of Node processes, asked through their inspectors. Knows which processes; one session is open at a time.

A cluster's workers share one inspector port by default, so that only one can be asked at a time: they take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Final

from perfkit.errors import TargetError
from perfkit.model import Config
from perfkit.samplers.inspector import Inspector, NodeHeap, is_node
from perfkit.samplers.process import SOURCE, ProcessTree
from perfkit.samplers.snapshot import Summary, summed_apart

COLLECTIONS: Final = 2  # what the first one frees may have held what the second one finds


def from_config(config: Config) -> Sequence[NodeHeaps]:
    """The heaps of the watched Node processes, where the configuration says `heap = "inspector"`.

    Raises:
        TargetError: none of the watched processes is Node, or an inspector cannot be opened.
    """
    if config.target.heap != "inspector":
        return []
    heaps = NodeHeaps(ProcessTree(config.target.watch))
    heaps.read()
    return [heaps]


class NodeHeaps:
    """`heap_used_bytes`, `heap_external_bytes` and `heap_limit_bytes`, summed over the Node processes of a tree, and
    `heap_fullest_ratio`, used of limit where that is highest. A process that was not asked yet counts when it was.
    """

    source = SOURCE
    period_s = 1.0

    def __init__(self, tree: ProcessTree) -> None:
        self._tree = tree
        self._session: Inspector | None = None
        self._seen: dict[int, NodeHeap] = {}
        self._turn = 0
        self._lock = threading.Lock()  # a floor is read while the load's readings go on

    def read(self) -> Mapping[str, float]:
        if not self._lock.acquire(blocking=False):
            return {}  # somebody takes the heap apart, or collects its garbage
        try:
            pids = self._pids()
            self._turn += 1
            self._ask(pids[self._turn % len(pids)])
            return _summed(list(self._seen.values()))
        finally:
            self._lock.release()

    def read_clean(self) -> Mapping[str, float]:
        """The same of every process, after garbage was collected in it."""
        with self._lock:
            for pid in self._pids():
                session = self._at(pid)
                for _ in range(COLLECTIONS):
                    session.collect_garbage()
                self._ask(pid)
            return _summed(list(self._seen.values()))

    def constructors(self) -> Summary:
        """What the heaps hold, by constructor; each application stands still while its heap is taken apart."""
        with self._lock:
            total: dict[str, tuple[int, int]] = {}
            for pid in self._pids():
                for name, (count, size) in summed_apart(self._at(pid).snapshot()).items():
                    before = total.get(name, (0, 0))
                    total[name] = (before[0] + count, before[1] + size)
            return total

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _pids(self) -> list[int]:
        self._tree.find_again()
        pids = [pid for pid in self._tree.members() if is_node(pid)]
        if not pids:
            hint = 'watch the Node process, or name a JSON endpoint: heap = { url = "/…", used = "/…" }'
            raise TargetError("none of the watched processes is Node", hint=hint)
        self._seen = {pid: heap for pid, heap in self._seen.items() if pid in pids}
        return sorted(pids)

    def _ask(self, pid: int) -> None:
        self._seen[pid] = self._at(pid).heap()

    def _at(self, pid: int) -> Inspector:
        if self._session is not None and self._session.pid != pid:
            self.close()
        if self._session is None:
            self._session = Inspector(pid)
        return self._session


def _summed(heaps: Sequence[NodeHeap]) -> dict[str, float]:
    return {
        "heap_used_bytes": sum(heap.used_bytes for heap in heaps),
        "heap_external_bytes": sum(heap.external_bytes for heap in heaps),
        "heap_limit_bytes": sum(heap.limit_bytes for heap in heaps),
        "heap_fullest_ratio": max(heap.used_bytes / heap.limit_bytes for heap in heaps),
    }
