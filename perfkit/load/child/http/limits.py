"""How long a request may take, and how much it may bring. Knows nothing of sockets."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

Timeout = float | tuple[float | None, float | None] | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may take to connect and how long its server may be silent (seconds), and how much it may send.

    `context` makes the TLS settings; None: the usual ones, with verification unless `is_verifying` is False.
    """

    connect_s: float = 60.0
    silence_s: float = 60.0
    reply_bytes: int = 1 << 28
    is_verifying: bool = True
    context: Callable[[], ssl.SSLContext] | None = None


@lru_cache(maxsize=64)
def narrowed(limits: Limits, timeout: Timeout, verify: bool | None) -> Limits:
    """These limits but for what is given: `timeout` for both waits or a pair, `verify` for the certificate."""
    connect_s, silence_s = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    return replace(
        limits,
        connect_s=limits.connect_s if connect_s is None else connect_s,
        silence_s=limits.silence_s if silence_s is None else silence_s,
        is_verifying=limits.is_verifying if verify is None else bool(verify),
    )
