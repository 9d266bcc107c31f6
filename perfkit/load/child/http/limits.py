"""How long a request may take, and how much it may bring. Knows nothing of sockets."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from perfkit.load.child.http.tls import USUAL, Certificate, Trust, Verify, trusting

Timeout = float | tuple[float | None, float | None] | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may take to connect and how long its server may be silent (seconds), and how much it may send.

    `trust` None is the usual one. `context` makes TLS settings of its own, in which `trust` does not count.
    """

    connect_s: float = 60.0
    silence_s: float = 60.0
    reply_bytes: int = 1 << 28
    trust: Trust | None = None
    context: Callable[[], ssl.SSLContext] | None = None


@lru_cache(maxsize=64)
def narrowed(limits: Limits, timeout: Timeout = None, verify: Verify | None = None, cert: Certificate = None) -> Limits:
    """These limits but for what is given: `timeout` for both waits or a pair; `verify` and `cert` as Trust has them.

    Raises:
        ValueError: a file is not there.
    """
    trust = limits.trust or USUAL
    connect_s, silence_s = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    return replace(
        limits,
        connect_s=limits.connect_s if connect_s is None else connect_s,
        silence_s=limits.silence_s if silence_s is None else silence_s,
        trust=trusting(trust.verify if verify is None else verify, trust.cert if cert is None else cert),
    )
