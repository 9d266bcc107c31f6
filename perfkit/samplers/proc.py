"""What Linux tells of one process in /proc, read with as few calls as there are. Knows no tree, no time, no file.

psutil reads the same, in four times the CPU: a tree is read four times a second beside a load that is to be measured.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_KB: Final = 1024
# A kernel without CONFIG_PROC_CHILDREN has no such file; then all processes have to be looked through.
_TELLS_CHILDREN: Final = Path(f"/proc/self/task/{os.getpid()}/children").exists()
_SIZES: Final = (b"VmRSS:", b"RssAnon:", b"VmSwap:")


@dataclass(frozen=True, slots=True)
class Facts:
    """One process. `key` (pid and start time) names it for good, as pids are used again. Sizes in bytes.

    `anon_bytes` is the best view of a heap from outside; a kernel that does not tell it (before 4.5) gives the RSS.
    """

    pid: int
    started_ticks: int
    is_zombie: bool
    cpu_s: float
    threads: int
    rss_bytes: int
    anon_bytes: int
    swap_bytes: int

    @property
    def key(self) -> tuple[int, int]:
        return self.pid, self.started_ticks


def facts(pid: int) -> Facts | None:
    """What /proc says of a process; None when it has gone, or is not ours to see."""
    try:
        stat = _read(f"/proc/{pid}/stat")
        status = _read(f"/proc/{pid}/status")
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()  # the name in brackets may hold anything
    sizes = {line[: line.index(b":") + 1]: line for line in status.splitlines() if line.startswith(_SIZES)}
    rss = _size(sizes.get(b"VmRSS:"))
    return Facts(
        pid=pid,
        started_ticks=int(fields[19]),
        is_zombie=fields[0] in (b"Z", b"X"),
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_PER_S,
        threads=int(fields[17]),
        rss_bytes=rss,
        anon_bytes=_size(sizes[b"RssAnon:"]) if b"RssAnon:" in sizes else rss,
        swap_bytes=_size(sizes.get(b"VmSwap:")),
    )


def family(pid: int) -> list[int]:
    """The process and all that descend from it, as they are now."""
    if not _TELLS_CHILDREN:
        with contextlib.suppress(psutil.Error):
            return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += _children(found[-1])
    return found


def descriptors(pid: int) -> tuple[int, int] | None:
    """How many files a process has open, and how many of them are sockets; None where it may not be seen."""
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    sockets = 0
    for name in names:
        with contextlib.suppress(OSError):  # closed since
            sockets += os.readlink(f"{folder}/{name}").startswith("socket:")
    return len(names), sockets


def context_switches(pid: int) -> int | None:
    """How often its threads gave up or lost the CPU so far; /proc/PID/status tells it of the first thread only."""
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            lines = _read(f"/proc/{pid}/task/{thread}/status").splitlines()[-2:]
            total += sum(int(line.split()[1]) for line in lines if b"ctxt_switches" in line)
    except OSError:
        return None
    return total


def transferred(pid: int) -> tuple[int, int] | None:
    """Bytes that the process had read from and written to storage so far; None where it may not be seen."""
    try:
        lines = dict(line.split(b": ") for line in _read(f"/proc/{pid}/io").splitlines())
    except OSError:
        return None
    return int(lines[b"read_bytes"]), int(lines[b"write_bytes"])


def does_catch(pid: int, signal: int) -> bool:
    """Whether a process has said that it handles a signal; one that has not may die of it.

    Raises:
        OSError: it has gone.
    """
    caught = next(line for line in _read(f"/proc/{pid}/status").splitlines() if line.startswith(b"SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << (signal - 1))


def shares(pid: int) -> tuple[int, int] | None:
    """USS and PSS in bytes. Takes the process's memory lock and about 10 µs a MB, so seldom; None where not ours."""
    try:
        lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    except OSError:
        return None
    sizes = {line[: line.index(b":")]: _size(line) for line in lines if line.endswith(b" kB")}
    return sizes.get(b"Private_Clean", 0) + sizes.get(b"Private_Dirty", 0), sizes.get(b"Pss", 0)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                found += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _size(line: bytes | None) -> int:
    return int(line.split()[1]) * _KB if line is not None else 0


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY)
    try:
        pieces = []
        while piece := os.read(file, 65536):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(file)
