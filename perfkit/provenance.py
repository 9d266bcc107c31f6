"""Where and with what a run was made: host, versions, commit, scenario, database. Knows no measured figure."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psutil

from perfkit import __version__, database

VERSION: Final = "SELECT version() /* perfkit */"
SETTINGS: Final = """
SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s) ORDER BY name /* perfkit */
"""
_SETTINGS: Final = (
    "autovacuum", "default_statistics_target", "effective_cache_size", "fsync", "jit", "log_min_duration_statement",
    "maintenance_work_mem", "max_connections", "max_parallel_workers_per_gather", "random_page_cost", "shared_buffers",
    "shared_preload_libraries", "synchronous_commit", "work_mem",
)  # fmt: skip
_LIBRARIES: Final = ("locust", "psycopg", "numpy", "pyarrow", "psutil")


def of_this_machine(scenario: Sequence[Path]) -> dict[str, Any]:
    """Facts for run.json: perfkit and library versions, host, CPUs, memory (bytes), git commit, scenario hash, pid."""
    folder = scenario[0].parent
    return {
        "perfkit": __version__,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "git_commit": _git("rev-parse", "HEAD", at=folder),
        "git_is_dirty": bool(_git("status", "--porcelain", "--untracked-files=no", at=folder)),
        "scenario": ", ".join(path.name for path in scenario),
        "scenario_sha256": _hash_of(scenario),
        "pid": os.getpid(),
    }


def _hash_of(scenario: Sequence[Path]) -> str | None:
    """Of the files in their order, those of a folder in that of their paths; None where there is none."""
    named = [sorted(path.rglob("*.py")) if path.is_dir() else [path] for path in scenario]
    files = [file for group in named for file in group if file.is_file()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest() if files else None


def of_server(dsn: str) -> dict[str, Any]:
    """Version and settings of the database, as its own words: {"version": …, "settings": {name: value with its unit}}.

    Only settings that change how fast it is: others may hold an address or a password.

    Raises:
        DatabaseError: nobody answers.
    """
    with database.connect(dsn) as link:
        settings = dict(link.execute(SETTINGS, (list(_SETTINGS),)).fetchall())
        (version,) = link.execute(VERSION).fetchone() or (None,)
    return {"version": version, "settings": settings}


def _git(*arguments: str, at: Path) -> str | None:
    """What git answers, None outside a repository or without git."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(at), *arguments], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
