"""Which process is meant: by pid, listening port, name, systemd unit or cgroup. Finds it; reads no figure of it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

import psutil

from perfkit.errors import TargetError, UsageError
from perfkit.samplers.refused import user_name, way_out

GROUPS: Final = Path("/sys/fs/cgroup")
_HYBRID: Final = ("unified", "systemd")  # where version 2, or systemd's own tree, lies beside those of version 1
_BOOTED: Final = Path("/run/systemd/system")  # as sd_booted(3) looks
_ASK_LIMIT_S: Final = 10.0
_LISTENS: Final = "0A"


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
            pids = _listeners(int(value)) or _not_ours(int(value))
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
    """The processes of a control group and of those below it; empty where there is none of that name."""
    found: set[int] = set()
    for tree in (GROUPS, *(GROUPS / name for name in _HYBRID)):
        for file in (tree / group.lstrip("/")).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                found |= {int(line) for line in file.read_text(encoding="ascii").split()}
    return found


def _listeners(port: int) -> set[int]:
    """Who listens on a TCP port. A forked server has several: the oldest is the parent of the others."""
    connections = psutil.net_connections(kind="tcp")
    here = (one for one in connections if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port)
    return {connection.pid for connection in here if connection.pid}


def _not_ours(port: int) -> set[int]:
    """None; but where somebody listens whom the system does not name, that is said.

    Raises:
        TargetError: the port is another user's.
    """
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                _, local, _, state, _, _, _, uid, *_ = line.split()
                if state == _LISTENS and int(local.rpartition(":")[2], 16) == port:
                    user = user_name(int(uid))
                    message = f"port {port} is listened on by a process of user {user}, which is not shown to us"
                    raise TargetError(message, hint=f"watch it by pid or name; or {way_out(user)}")
    return set()


def _main_of(unit: str) -> set[int]:
    systemctl = shutil.which("systemctl")
    if systemctl is None or not _BOOTED.is_dir():
        raise TargetError("this machine is not run by systemd", hint="watch the process by pid, port or name")
    argv = [systemctl, "show", "--property", "MainPID", "--value", "--", unit]
    try:
        told = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_ASK_LIMIT_S).stdout.strip()
    except subprocess.TimeoutExpired as error:
        raise TargetError("systemd does not answer", hint="watch the process by pid, port or name") from error
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
