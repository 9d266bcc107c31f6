"""Read a control group (cgroup v2): the limits of a container, and how hard the target presses against them.

In a container psutil shows the host; the group's own files tell what the target may have. Where there is no cgroup v2,
there are no readings.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from perfkit.model import Config
from perfkit.samplers.process import SOURCE
from perfkit.samplers.whom import GROUPS, find

_PRESSURES: Final = ("cpu", "memory", "io")


def from_config(config: Config) -> Sequence[ControlGroup]:
    """The group of each watched process that has one of its own; the root group has no limits and no figures."""
    groups = dict.fromkeys(group_of(find(watch).pid) for watch in config.target.watch)
    return [ControlGroup(group) for group in groups if group is not None]


def group_of(pid: int, mount: Path = GROUPS) -> Path | None:
    """The folder of a process's group; None without cgroup v2, and for the root group."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    path = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "/")
    folder = mount / path.lstrip("/")
    return folder if (folder / "memory.current").exists() else None


class ControlGroup:
    """`cgroup_memory_bytes` and `cgroup_memory_limit_bytes`; `cgroup_throttled_ratio`, the share of time in which the
    CPU quota held it back; `cgroup_{cpu,memory,io}_pressure_ratio`, the share of the last 10 s in which some of it
    waited (PSI). What a group does not tell, or does not limit, is left out.
    """

    source = SOURCE
    period_s = 1.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._throttled: tuple[float, float] | None = None

    def read(self) -> Mapping[str, float]:
        told = {
            "cgroup_memory_bytes": _number(self._text("memory.current")),
            "cgroup_memory_limit_bytes": _number(self._text("memory.max")),
            "cgroup_throttled_ratio": self._throttled_ratio(),
            **{f"cgroup_{what}_pressure_ratio": _pressure(self._text(f"{what}.pressure")) for what in _PRESSURES},
        }
        return {name: value for name, value in told.items() if value is not None}

    def close(self) -> None:
        """Nothing is held open."""

    def _throttled_ratio(self) -> float | None:
        told = dict(line.split() for line in self._text("cpu.stat").splitlines())
        if "throttled_usec" not in told:
            return None
        before, now = self._throttled, (int(told["throttled_usec"]) / 1e6, time.perf_counter())
        self._throttled = now
        return None if before is None else (now[0] - before[0]) / max(now[1] - before[1], 1e-9)

    def _text(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(encoding="ascii")
        except OSError:
            return ""


def _number(text: str) -> float | None:
    return float(text) if text.strip().isdigit() else None  # "max" is no limit


def _pressure(text: str) -> float | None:
    """`some avg10=1.23 avg60=… total=…`"""
    for word in text.split():
        if word.startswith("avg10="):
            return float(word.removeprefix("avg10=")) / 100.0
    return None
