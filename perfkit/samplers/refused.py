"""What the system does not let us see of a watched process, whose it is, and the ways out. Reads no figure.

Memory, CPU and threads of every process are open to all. USS and PSS, open files and storage are shown to the user of
the process and to whoever has CAP_SYS_PTRACE, the last two beyond that only to who may read every file.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

FIGURES: Final = {"smaps_rollup": "USS and PSS", "fd": "open files and sockets", "io": "storage"}
_NAMED: Final = 3
_CAPABILITIES: Final = "cap_sys_ptrace,cap_dac_read_search"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One process of which not everything may be read; `files` are those in /proc/PID, of `FIGURES`."""

    pid: int
    name: str
    user: str
    files: tuple[str, ...]


def refusals(pids: Sequence[int]) -> list[Refusal]:
    """Of those processes that hide something, in their order."""
    return [found for pid in pids if (found := _refusal(pid)) is not None]


def _refusal(pid: int) -> Refusal | None:
    files = tuple(name for name in FIGURES if _is_refused(f"/proc/{pid}/{name}"))
    try:
        return Refusal(pid, *_whose(pid), files) if files else None
    except OSError:
        return None  # it has gone meanwhile


def _is_refused(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        return True
    except OSError:
        return False  # it has gone, or this kernel has no such file
    return False


def _whose(pid: int) -> tuple[str, str]:
    """The name and the user of a process. /proc/PID itself is root's where the process has changed its user."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    facts = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return facts["Name"], user_name(int(facts["Uid"].split()[1]))


def user_name(uid: int) -> str:
    """The name of a user, or the number where it has none here (as in another container)."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def told(found: Sequence[Refusal]) -> list[str]:
    """A sentence for the processes of each user: what is missing of which, and the way out."""
    kinds = sorted(found, key=_kind)
    return [_sentence(list(alike), *kind) for kind, alike in groupby(kinds, key=_kind)]


def _kind(refusal: Refusal) -> tuple[str, tuple[str, ...]]:
    return refusal.user, refusal.files


def _sentence(alike: Sequence[Refusal], user: str, files: tuple[str, ...]) -> str:
    names = [f"{one.pid} ({one.name})" for one in alike[:_NAMED]]
    more = f" and {len(alike) - _NAMED} more" if len(alike) > _NAMED else ""
    which = f"process{'es' * (len(alike) > 1)} {', '.join(names)}{more} of user {user}"
    missing = ", ".join(f"{FIGURES[name]} (/proc/PID/{name})" for name in files)
    return f"not seen of {which}: {missing}; {way_out(user)}"


def way_out(user: str) -> str:
    """How to see all of a process of `user`, for who runs perfkit as somebody else, or as root without rights."""
    if os.geteuid() == 0:
        return "root has not all rights here: give it CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE)"
    as_them = f"as that user (sudo -u {user} perfkit …) or as root" if user != "root" else "as root (sudo perfkit …)"
    return f"run perfkit {as_them}, or with a Python that may look: sudo setcap {_CAPABILITIES}+ep COPY_OF_PYTHON"
