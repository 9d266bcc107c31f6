"""Where and with what a run was made: host, versions, git commit, scenario. Knows nothing of what was measured."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psutil

from perfkit import __version__

_LIBRARIES: Final = ("locust", "psycopg", "pandas", "pyarrow", "psutil")


def of_this_machine(scenario: Path) -> dict[str, Any]:
    """Facts for run.json: perfkit and library versions, host, CPUs, memory (bytes), git commit, scenario hash, pid."""
    return {
        "perfkit": __version__,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "git_commit": _git("rev-parse", "HEAD", at=scenario.parent),
        "git_is_dirty": bool(_git("status", "--porcelain", "--untracked-files=no", at=scenario.parent)),
        "scenario": scenario.name,
        "scenario_sha256": hashlib.sha256(scenario.read_bytes()).hexdigest() if scenario.is_file() else None,
        "pid": os.getpid(),
    }


def _git(*arguments: str, at: Path) -> str | None:
    """What git answers, None outside a repository or without git."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(at), *arguments], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
