"""Which process is meant: by pid, listening port, name, systemd unit or cgroup. Finds it; reads no figure of it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

import psutil

from perfkit.errors import TargetError, UsageError

GROUPS: Final = Path("/sys/fs/cgroup")


def find(watch: str) -> psutil.Process:
    """The process that a text means; its children belong to it.

    `pid:N` · `port:N`, who listens there · `name:TEXT`, the oldest of that name · `unit:NAME`, the main process of a
    systemd unit · `cgroup:/PATH`, the oldest process in a control group.

    Raises:
        TargetError: there is none, or it is another user's and cannot be seen.
        UsageError: the text has another form.
    """
    kind, _, value = watch.partition(":")
    match kind:
        case "pid" if value.isdigit():
            pids = {int(value)} if psutil.pid_exists(int(value)) else set()
        case "port" if value.isdigit():
            pids = _listeners(int(value))
        case "name" if value:
            pids = {process.pid for process in psutil.process_iter(["name"]) if process.info["name"] == value}
        case "unit" if value:
            pids = _main_of(value)
        case "cgroup" if value.startswith("/"):
            pids = in_group(value)
        case _:
            raise UsageError(
                f"{watch!r} names no process",
                hint='write "pid:123", "port:8000", "name:gunicorn", "unit:erp.service" or "cgroup:/system.slice/…"',
            )
    if (found := _oldest(pids)) is None:
        raise TargetError(
            f"no process to watch for {watch!r}",
            hint="start the target first, or watch it by another name; another user's ports need root to be seen",
        )
    return found


def in_group(group: str) -> set[int]:
    """The processes of a control group (cgroup v2) and of those below it; empty where there is none of that name."""
    found: set[int] = set()
    for file in (GROUPS / group.lstrip("/")).rglob("cgroup.procs"):
        with contextlib.suppress(OSError):
            found |= {int(line) for line in file.read_text(encoding="ascii").split()}
    return found


def _listeners(port: int) -> set[int]:
    """Who listens on a TCP port. A forked server has several: the oldest is the parent of the others."""
    connections = psutil.net_connections(kind="tcp")
    here = (one for one in connections if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port)
    return {connection.pid for connection in here if connection.pid}


def _main_of(unit: str) -> set[int]:
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        raise TargetError("this machine has no systemd", hint="watch the process by pid, port or name")
    argv = [systemctl, "show", "--property", "MainPID", "--value", "--", unit]
    told = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
    return {int(told)} if told.isdigit() and int(told) else set()


def _oldest(pids: set[int]) -> psutil.Process | None:
    alive = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            alive.append((process.create_time(), process))
        except psutil.NoSuchProcess:
            continue
    return min(alive, key=lambda pair: pair[0])[1] if alive else None
