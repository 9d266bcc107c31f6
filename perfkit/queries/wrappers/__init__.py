"""What hosted services and log daemons put around PostgreSQL's own lines. Knows which there are; reads no entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from perfkit.queries.formats import Blocks, Missed
from perfkit.queries.wrappers import azure, cloudnativepg, docker, gcp, syslog

__all__ = ["WRAPPERS", "Unwrap"]

Unwrap = Callable[[Blocks, Missed], Iterator[bytes]]
"""Blocks of wrapped lines → blocks of the lines inside; wrapped lines that could not be read are counted."""

# By what a user calls it. Each module has `is_wrapped(line)` and `unwrap(blocks, missed)`.
WRAPPERS: Final[Mapping[str, Unwrap]] = {
    "Cloud SQL": gcp.unwrap,
    "Azure": azure.unwrap,
    "CloudNativePG": cloudnativepg.unwrap,
    "Docker": docker.unwrap,
    "syslog": syslog.unwrap,
}
