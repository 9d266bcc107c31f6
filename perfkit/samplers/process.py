"""Read memory and CPU of a process tree. Knows psutil and /proc; knows nothing of time, files or load."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from perfkit.errors import TargetError, UsageError
from perfkit.model import Config

SOURCE: Final = "target"


def from_config(config: Config) -> Sequence[ProcessTree]:
    return [ProcessTree(config.target.watch, config.sampling.period_s)] if config.target.watch else []


def find(watch: str) -> psutil.Process:
    """The process that `pid:N`, `port:N` (who listens there) or `name:TEXT` (the oldest of that name) means.

    Raises:
        TargetError: there is none, or it is another user's and cannot be seen.
        UsageError: the text has another form.
    """
    kind, _, value = watch.partition(":")
    match kind:
        case "pid" if value.isdigit():
            found = psutil.Process(int(value)) if psutil.pid_exists(int(value)) else None
        case "port" if value.isdigit():
            found = _listener(int(value))
        case "name" if value:
            found = _oldest_named(value)
        case _:
            raise UsageError(f"{watch!r} names no process", hint='write "pid:123", "port:8000" or "name:gunicorn"')
    if found is None:
        raise TargetError(
            f"no process to watch for {watch!r}",
            hint="start the target first, or watch it by another name; another user's ports need root to be seen",
        )
    return found


def _listener(port: int) -> psutil.Process | None:
    """Who listens on a TCP port. A forked server has several: the oldest is the parent of the others."""
    pids = set()
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS lets only root see all
        return None
    for connection in connections:
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        ):
            pids.add(connection.pid)
    return _oldest(pids)


def _oldest_named(name: str) -> psutil.Process | None:
    return _oldest({process.pid for process in psutil.process_iter(["name"]) if process.info["name"] == name})


def _oldest(pids: set[int]) -> psutil.Process | None:
    alive = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            alive.append((process.create_time(), process))
        except psutil.NoSuchProcess:
            continue
    return min(alive, key=lambda pair: pair[0])[1] if alive else None


class ProcessTree:
    """The processes that `watch` names, with their children; found again when they are replaced.

    Readings, summed over the tree: `rss_bytes`, `anon_bytes` (RssAnon; the best view of a heap from outside),
    `cpu_ratio` (1.0 is one core, since the last reading), `processes_count`, `restarts_count` (roots replaced so far).
    """

    source = SOURCE

    def __init__(self, watch: tuple[str, ...], period_s: float = 0.25) -> None:
        self.period_s = period_s
        self._watch = watch
        self._roots = [find(text) for text in watch]
        self._cpu: dict[tuple[int, float], float] = {}
        self._read_at = time.perf_counter()
        self.restarts = 0

    @property
    def is_alive(self) -> bool:
        return all(_is_alive(root) for root in self._roots)

    def read(self) -> Mapping[str, float]:
        self._find_again()
        members = list(self._members())
        if not members:
            return {"processes_count": 0.0, "restarts_count": float(self.restarts)}
        memory = [sizes for member in members if (sizes := _memory_of(member)) is not None]
        reading = {
            "rss_bytes": float(sum(rss for rss, _ in memory)),
            "anon_bytes": float(sum(anon for _, anon in memory)),
            "processes_count": float(len(memory)),
            "restarts_count": float(self.restarts),
        }
        cpu = self._cpu_ratio(members)
        return reading if cpu is None else reading | {"cpu_ratio": cpu}

    def _find_again(self) -> None:
        for position, root in enumerate(self._roots):
            if _is_alive(root):
                continue
            try:
                replacement = find(self._watch[position])
            except TargetError:
                continue
            self._roots[position] = replacement
            self.restarts += 1

    def _members(self) -> Iterator[psutil.Process]:
        seen: set[int] = set()
        for root in self._roots:
            try:
                family = [root, *root.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
            for process in family:
                if process.pid not in seen:
                    seen.add(process.pid)
                    yield process

    def _cpu_ratio(self, members: list[psutil.Process]) -> float | None:
        """CPU seconds of the members since the last reading per second; None at the first reading."""
        now = time.perf_counter()
        spent = {}
        for member in members:
            try:
                times = member.cpu_times()
                spent[(member.pid, member.create_time())] = times.user + times.system
            except psutil.Error:
                continue
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


def _memory_of(process: psutil.Process) -> tuple[int, int] | None:
    """(RSS, anonymous memory) in bytes; None when the process has gone or may not be read."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return _memory_without_proc(process)
    sizes = {
        key: int(rest.split()[0]) * 1024
        for key, _, rest in (line.partition(":") for line in status.splitlines())
        if key in {"VmRSS", "RssAnon"}
    }
    return (sizes["VmRSS"], sizes.get("RssAnon", sizes["VmRSS"])) if "VmRSS" in sizes else None


def _memory_without_proc(process: psutil.Process) -> tuple[int, int] | None:
    try:
        rss = process.memory_info().rss
    except psutil.Error:
        return None
    return rss, rss
