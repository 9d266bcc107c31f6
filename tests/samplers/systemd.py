"""A systemd of its own, in namespaces: real units and a real tree of control groups (version 2), and nothing of the
machine's. Needs root and systemd; nothing of it stays. What no package can add to a machine is a skip everywhere.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import lacking

SYSTEMD = Path("/lib/systemd/systemd")
_PROGRAMS = ("unshare", "nsenter", "systemctl", "mount")
_LIMIT_S = 20.0
_NUMBERS = itertools.count()
# Its root of control groups is the one that it was put into; it finds no unit but those of the test, and no /run.
_BOOT = """
set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run
mkdir -p /run/lock
export container=other SYSTEMD_UNIT_PATH="$0" SYSTEMD_LOG_TARGET=console
exec /lib/systemd/systemd --system --unit=nothing.target --log-target=console --show-status=no
"""
_NOTHING = "[Unit]\nDescription=nothing\nDefaultDependencies=no\n"


@dataclass(frozen=True, slots=True)
class Systemd:
    """`prefix` before a command runs it where this systemd rules."""

    prefix: tuple[str, ...]

    def ctl(self, *words: str) -> str:
        argv = [*self.prefix, "systemctl", *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=_LIMIT_S, check=True).stdout.strip()

    def answers(self) -> bool:
        argv = [*self.prefix, "systemctl", "is-system-running"]
        return "running" in subprocess.run(argv, capture_output=True, text=True, timeout=_LIMIT_S, check=False).stdout


@contextlib.contextmanager
def a_systemd(folder: Path, **services: str) -> Iterator[Systemd]:
    """With a unit `name.service` for each of `services`, which are commands. `folder` is for the units."""
    if os.geteuid() != 0 or not SYSTEMD.exists() or not all(map(shutil.which, _PROGRAMS)):
        lacking.without("no systemd can be started here (needs root, systemd and util-linux)")
    (folder / "nothing.target").write_text(_NOTHING)
    for name, command in services.items():
        (folder / f"{name}.service").write_text(f"{_NOTHING}[Service]\nExecStart={command}\n")
    with a_group() as group, (folder / "console.log").open("w+") as console:
        enter = f'echo $$ > "{group}/cgroup.procs"; exec "$@"'
        spaces = ("unshare", "--cgroup", "--pid", "--mount", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc")
        argv = ["sh", "-c", enter, "sh", *spaces, "sh", "-c", _BOOT, str(folder)]
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console) as outer:
            try:
                if (found := _ready(outer)) is None:
                    pytest.skip(
                        f"this kernel lets no systemd start in namespaces: {Path(console.name).read_text()[-300:]!r}"
                    )
                yield found
            finally:
                outer.kill()


def _ready(outer: subprocess.Popen[bytes]) -> Systemd | None:
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline and outer.poll() is None:
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        if children:
            found = Systemd(("nsenter", "--target", children[0], "--pid", "--mount", "--cgroup", "--ipc", "--uts"))
            if found.answers():
                return found
        time.sleep(0.05)
    return None


@contextlib.contextmanager
def a_group() -> Iterator[Path]:
    """A control group (version 2) of its own; it goes with all that is in it."""
    trees = [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]
    tree = next((tree for tree in trees if (tree / "cgroup.procs").exists()), None)
    if tree is None:
        pytest.skip("this kernel has no control groups of version 2 mounted")
    group = tree / f"perfkit-test-{os.getpid()}-{next(_NUMBERS)}"
    group.mkdir()
    try:
        yield group
    finally:
        deadline = time.monotonic() + _LIMIT_S
        while group.exists() and time.monotonic() < deadline:
            for folder in sorted(group.glob("**/"), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            time.sleep(0.02)  # refused as long as somebody in it has not ended
