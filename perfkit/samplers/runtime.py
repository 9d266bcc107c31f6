"""The heaps of watched processes, each asked through the door of its own runtime. Knows which; one is open at a time.

The workers of a Node cluster share one inspector port by default, so that only one can be asked at a time: all
processes take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.errors import TargetError
from perfkit.model import Config, HeapDoor
from perfkit.samplers.attach import is_jvm
from perfkit.samplers.cpython import CPython, is_cpython
from perfkit.samplers.door import Door, HeapFigures
from perfkit.samplers.inspector import Inspector, is_node
from perfkit.samplers.jvm import Jvm
from perfkit.samplers.process import SOURCE, ProcessTree
from perfkit.samplers.snapshot import Summary


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime: its name, whether a process is of its kind, and the door to one that is."""

    name: str
    is_it: Callable[[int], bool]
    open: Callable[[int], Door]


NODE: Final = Runtime("Node", is_node, Inspector)
RUNTIMES: Final = (NODE, Runtime("CPython 3.14 or newer", is_cpython, CPython), Runtime("a JVM", is_jvm, Jvm))
_ASKED_FOR: Final[Mapping[HeapDoor, tuple[Runtime, ...]]] = {"inspector": (NODE,), "runtime": RUNTIMES}


def from_config(config: Config) -> Sequence[RuntimeHeaps]:
    """The heaps of the watched processes, where the configuration says `heap = "runtime"`, or "inspector" for Node.

    Raises:
        TargetError: none of the watched processes is of such a runtime, or one cannot be asked.
    """
    asked_for = config.target.heap
    return [opened(ProcessTree(config.target.watch), asked_for)] if isinstance(asked_for, str) else []


def opened(tree: ProcessTree, asked_for: HeapDoor) -> RuntimeHeaps:
    """The heaps of a tree, read once to see that they can be.

    Raises:
        TargetError: none of its processes is of such a runtime, or one cannot be asked.
    """
    heaps = RuntimeHeaps(tree, asked_for)
    try:
        heaps.read()
    except BaseException:
        heaps.close()
        raise
    return heaps


class RuntimeHeaps:
    """`heap_used_bytes`, `heap_external_bytes`, `heap_limit_bytes` and `heap_blocks_count`, summed over the processes
    of a tree that tell them, and `heap_fullest_ratio`, used of limit where that is highest. A process that was not
    asked yet counts when it was. `asked_for` is what the configuration says: "runtime", or "inspector" for Node only.
    """

    source = SOURCE
    period_s = 1.0

    def __init__(self, tree: ProcessTree, asked_for: HeapDoor = "runtime") -> None:
        self._tree = tree
        self._runtimes = _ASKED_FOR[asked_for]
        self._session: Door | None = None
        self._seen: dict[int, HeapFigures] = {}
        self._turn = 0
        self._lock = threading.Lock()  # a floor is read while the load's readings go on

    def read(self) -> Mapping[str, float]:
        if not self._lock.acquire(blocking=False):
            return {}  # somebody takes the heap apart, or collects its garbage
        try:
            found = self._found()
            pids = list(found)
            self._seen = {pid: heap for pid, heap in self._seen.items() if pid in found}
            self._turn += 1
            pid = pids[self._turn % len(pids)]
            self._seen[pid] = self._at(pid, found[pid]).heap()
            return _summed(list(self._seen.values()))
        finally:
            self._lock.release()

    def read_clean(self) -> Mapping[str, float]:
        """The same of every process, after garbage was collected in it."""
        with self._lock:
            return _summed([self._at(pid, runtime).clean_heap() for pid, runtime in self._found().items()])

    def contents(self) -> Summary:
        """What the heaps hold, by constructor, type or class; each application stands still while it is counted."""
        with self._lock:
            total: dict[str, tuple[int, int]] = {}
            for pid, runtime in self._found().items():
                for name, (count, size) in self._at(pid, runtime).contents().items():
                    before = total.get(name, (0, 0))
                    total[name] = (before[0] + count, before[1] + size)
            return total

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _found(self) -> dict[int, Runtime]:
        """The processes that can be asked, in the order of their numbers."""
        self._tree.find_again()
        members = sorted(self._tree.members())
        kinds = {pid: next((one for one in self._runtimes if one.is_it(pid)), None) for pid in members}
        found = {pid: kind for pid, kind in kinds.items() if kind is not None}
        if not found:
            names = " or ".join(runtime.name for runtime in self._runtimes)
            hint = 'watch the process itself, or name a JSON endpoint: heap = { url = "/…", used = "/…" }'
            raise TargetError(f"none of the watched processes is {names}: {_programs(members)}", hint=hint)
        return found

    def _at(self, pid: int, runtime: Runtime) -> Door:
        if self._session is not None and self._session.pid != pid:
            self.close()
        if self._session is None:
            self._session = runtime.open(pid)
        return self._session


def _summed(heaps: Sequence[HeapFigures]) -> dict[str, float]:
    """A limit only where all have one that tell their use: a sum of some would be soon reached."""
    telling = [heap for heap in heaps if heap.used_bytes is not None]
    limits = [heap.limit_bytes for heap in telling]
    total = {
        "heap_used_bytes": _total([heap.used_bytes for heap in heaps]),
        "heap_external_bytes": _total([heap.external_bytes for heap in heaps]),
        "heap_limit_bytes": None if None in limits else _total(limits),
        "heap_blocks_count": _total([heap.blocks for heap in heaps]),
        "heap_fullest_ratio": max(
            (heap.used_bytes / heap.limit_bytes for heap in telling if heap.used_bytes and heap.limit_bytes),
            default=None,
        ),
    }
    return {name: value for name, value in total.items() if value is not None}


def _total(values: Sequence[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return float(sum(told)) if told else None


def _programs(pids: Sequence[int]) -> str:
    """What they run instead; that of another user's cannot be seen."""
    names = set()
    for pid in pids:
        try:
            names.add(Path(f"/proc/{pid}/exe").readlink().name)
        except PermissionError:
            names.add("one of another user, which only that user and root can ask")
        except OSError:  # it has gone
            continue
    return ", ".join(sorted(names)) or "they have ended"
