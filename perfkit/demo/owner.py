"""Who runs the servers. PostgreSQL refuses to be run by root, so root lends its servers to `nobody`.

No user is created and no folder of the machine is opened for that: only the private folder changes hands.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfkit.errors import DatabaseError


@dataclass(frozen=True, slots=True)
class Owner:
    """A user and a group by number."""

    uid: int
    gid: int


def owner() -> Owner | None:
    """The user that the servers must run as; None when the present one will do."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise DatabaseError(
            "PostgreSQL does not run as root, and there is no user nobody to run it",
            hint="run perfkit as an ordinary user, or give --database-url",
        ) from error
    return Owner(entry.pw_uid, entry.pw_gid)


def give(folder: Path, to: Owner | None) -> None:
    """Make a private folder theirs; root sees into it all the same."""
    if to is not None:
        os.chown(folder, to.uid, to.gid, follow_symlinks=False)


def start(command: list[str], run_by: Owner | None, log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a program in the folder of its log, without a standard input, with all that it says going to `log`.

    Raises:
        OSError: it cannot be run.
    """
    as_whom: dict[str, Any] = {}
    if run_by is not None:
        as_whom = {"user": run_by.uid, "group": run_by.gid, "extra_groups": []}
    with log.open("ab") as output:
        give(log, run_by)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env=environment,
            **as_whom,
        )


def reachable(program: Path, parts: list[Path], run_by: Owner | None, folder: Path) -> Path:
    """`program`, or a copy of it in `folder` when the servers' user may not reach it (a checkout below /root, say).

    `parts` are the folders that must go with it; they keep their places to each other.
    """
    if run_by is None or _runs(program, run_by, folder):
        return program
    root = Path(os.path.commonpath([part.parent for part in parts]))
    room = folder / f"{program.name}-copy"
    for part in parts:
        shutil.copytree(part, room / part.relative_to(root), symlinks=True)
    for path in (room, *room.rglob("*")):
        give(path, run_by)
    return room / program.relative_to(root)


def _runs(program: Path, run_by: Owner, folder: Path) -> bool:
    try:
        return start([str(program), "--version"], run_by, folder / "probe.log", dict(os.environ)).wait(timeout=30) == 0
    except PermissionError:
        return False
