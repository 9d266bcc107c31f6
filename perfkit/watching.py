"""Watch processes without any load, for as long as it is asked: readings to whoever shows them, and to a CSV file."""

from __future__ import annotations

import contextlib
import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal

from perfkit import files
from perfkit.errors import PerfkitError
from perfkit.model import HeapDoor
from perfkit.samplers import Sampler
from perfkit.samplers.detail import Activity
from perfkit.samplers.process import ProcessTree
from perfkit.samplers.refused import Refusal, refusals, told
from perfkit.samplers.runtime import opened

BACK_S: Final = 3.0
_LOOK_S: Final = 0.1
_NEARLY: Final = 0.9  # a reading that comes this near to the end is the last one

Ending = Literal["until", "interrupted", "gone"]

# The columns of a CSV file, and the order in which figures are shown.
READINGS: Final = (
    "anon_bytes",
    "rss_bytes",
    "swap_bytes",
    "heap_used_bytes",
    "heap_external_bytes",
    "heap_limit_bytes",
    "heap_blocks_count",
    "cpu_ratio",
    "processes_count",
    "threads_count",
    "fds_count",
    "sockets_count",
    "context_switches_per_s",
    "disk_read_bytes_per_s",
    "disk_written_bytes_per_s",
)


@dataclass(slots=True)
class Range:
    """One figure over the time that it was watched."""

    first: float
    last: float
    least: float
    greatest: float

    def add(self, value: float) -> None:
        self.last = value
        self.least, self.greatest = min(self.least, value), max(self.greatest, value)


@dataclass(slots=True)
class Watched:
    """What was seen. `hidden` are processes of which not everything may be read, `restarts` how often
    one was replaced by another of the same port, name, unit or group.
    """

    watch: tuple[str, ...]
    started_at: float
    seconds: float = 0.0
    readings: int = 0
    ending: Ending = "until"
    hidden: Sequence[Refusal] = ()
    restarts: int = 0
    ranges: dict[str, Range] = field(default_factory=dict)

    def add(self, reading: Mapping[str, float]) -> None:
        self.readings += 1
        for name, value in reading.items():
            if name in self.ranges:
                self.ranges[name].add(value)
            else:
                self.ranges[name] = Range(value, value, value, value)


def watch_processes(
    watch: tuple[str, ...],
    *,
    until_s: float | None,
    period_s: float,
    heap: HeapDoor | None,
    show: Callable[[float, Mapping[str, float]], None],
    note: Callable[[str], None] = lambda _said: None,
    table: Path | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Watched:
    """Read every `period_s` until `until_s` is over, Ctrl-C, or the processes have gone; each reading is shown. `note`
    is told at once what cannot be seen.

    Raises:
        TargetError: a process is not there; with `heap`, none of them has one that can be asked.
        StoreError: `table` cannot be written.
    """
    tree = ProcessTree(watch, period_s)
    samplers: list[Sampler] = [tree, Activity(tree)]
    if heap is not None:
        samplers.append(opened(tree, heap))
    seen = Watched(watch, time.time(), hidden=refusals(tree.members()))
    for said in told(seen.hidden):
        note(said)
    began = clock()
    with _closing(samplers), _rows(table) as write:
        try:
            while tree.is_alive or _is_back(tree, clock):
                reading = _read(samplers)
                seen.seconds, seen.restarts = clock() - began, tree.restarts
                seen.add(reading)
                write(seen.seconds, reading)
                show(seen.seconds, reading)
                if until_s is not None and seen.seconds + period_s * _NEARLY > until_s:
                    return seen
                time.sleep(max(began + seen.readings * period_s - clock(), 0.0))
            seen.ending = "gone"
        except KeyboardInterrupt:
            seen.ending = "interrupted"
    return seen


def _is_back(tree: ProcessTree, clock: Callable[[], float]) -> bool:
    """Whether what has just ended is there again within three seconds: a server that is started anew is the same."""
    deadline = clock() + BACK_S
    while not tree.is_alive and tree.can_come_back and clock() < deadline:
        time.sleep(_LOOK_S)
        tree.find_again()
    return tree.is_alive


def _read(samplers: Sequence[Sampler]) -> dict[str, float]:
    reading: dict[str, float] = {}
    for sampler in samplers:
        with contextlib.suppress(PerfkitError):  # it has just gone; the next look says so
            reading |= sampler.read()
    return {name: reading[name] for name in READINGS if name in reading}


@contextlib.contextmanager
def _closing(samplers: Sequence[Sampler]) -> Iterator[None]:
    try:
        yield
    finally:
        for sampler in samplers:
            with contextlib.suppress(PerfkitError):
                sampler.close()


@contextlib.contextmanager
def _rows(path: Path | None) -> Iterator[Callable[[float, Mapping[str, float]], None]]:
    """Writes a row a reading, each at once on disk, so that a kill loses none."""
    if path is None:
        yield lambda _seconds, _reading: None
        return
    try:
        with path.open("w", encoding="utf-8", newline="", buffering=1) as file:
            yield _writer(file)
    except OSError as error:
        raise files.unwritable(path, error) from error


def _writer(file: IO[str]) -> Callable[[float, Mapping[str, float]], None]:
    table = csv.writer(file)
    table.writerow(["seconds", *READINGS])

    def write(seconds: float, reading: Mapping[str, float]) -> None:
        table.writerow([f"{seconds:.3f}", *(reading.get(name, "") for name in READINGS)])

    return write
