"""Enough open files for a load: every user keeps a connection. Knows the limit of processes; opens nothing."""

from __future__ import annotations

import contextlib
import math
import resource
from typing import Final

from perfkit.errors import ScenarioError
from perfkit.model import Phase, Workers

SPARE: Final = 100  # the generator's own: libraries, log, shard, pipes, the event loop
_HOW: Final = (
    "raise it: ulimit -Hn {needed} as root in the shell, LimitNOFILE={needed} in a systemd unit, "
    "docker run --ulimit nofile={needed}; or share the users among processes with --workers"
)


def require(phase: Phase, workers: Workers) -> None:
    """Refuse a phase whose users would find no file to open halfway up.

    Raises:
        ScenarioError: the hard limit of this process, which its children inherit, is too low.
    """
    if phase.shape is not None:
        return  # how many users come is the scenario's secret
    users = phase.max_users if phase.is_open else round(phase.peak)
    processes = workers.local + workers.remote
    needed = math.ceil(users / processes) + SPARE
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed != resource.RLIM_INFINITY and needed > allowed:
        each = f" in {processes} processes" if processes > 1 else ""
        message = f"{users:,} users{each} need up to {needed:,} open files a process, and {allowed:,} are allowed"
        raise ScenarioError(message, hint=_HOW.format(needed=needed))


def raise_limit() -> None:
    """Take all that this process may have. What it was given is often 1,024."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):  # macOS says infinite and means less
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
