"""The load generator itself is near its limit, so that part of what it measured is its own.

Told below the limits at which a run is discarded (90 % of a core, 100 ms of event-loop lag): from 70 % and 50 ms on.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.judge.diagnose.evidence import Evidence
from perfkit.model import Finding

NAME: Final = "generator_bound"
CPU: Final = 0.7
LAG_MS: Final = 50.0
_FIX: Final = "Use fewer users, a lower rate, a lighter HTTP client (perfkit.load.HttpUser), or another machine."
_FIX_BUSY: Final = (
    "It has CPU left and is woken late all the same: the machine is busy. Stop its other processes, or load from"
    " another machine; and have nothing in the scenario that computes long or blocks."
)


def find(evidence: Evidence) -> list[Finding]:
    marks = evidence.measured
    cpu = max((mark.generator_cpu_ratio or 0.0 for mark in marks), default=0.0)
    lag_ms = max((mark.loop_lag_p99_ms or 0.0 for mark in marks), default=0.0)
    if cpu < CPU and lag_ms < LAG_MS:
        return []
    return [
        Finding(
            rule=NAME,
            title="The load generator is near its limit: response times may be its own",
            evidence=(f"{cpu:.0%} of one core", f"99% of its wake-ups within {units.show(lag_ms, 'ms')}"),
            impact_ms=None,
            fix=_FIX if cpu >= CPU else _FIX_BUSY,
            milestone="Measurement",
            confidence="measured",
            unless="nothing else would be measured: this is about the figures, not about the target",
        )
    ]
