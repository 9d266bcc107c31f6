"""The target has no CPU left: one core of a program that computes on one, or all of the machine's.

From 90 % on, the same limit as for the generator: above it a queue, and no longer the work, makes the response time.
"""

from __future__ import annotations

from typing import Final

from perfkit.judge.diagnose.evidence import CAPACITY, Evidence
from perfkit.model import Finding

NAME: Final = "cpu_bound"
LIMIT: Final = 0.9
ONE_CORE: Final = 1.15  # a program on one core also has a few short-lived helpers


def find(evidence: Evidence) -> list[Finding]:
    used = evidence.loaded("cpu.avg_ratio")
    cpus = evidence.record.provenance.get("cpus")
    if used is None or not isinstance(cpus, int):
        return []
    if LIMIT <= used <= ONE_CORE:
        return [_finding(used, "one core", "run several processes of it, one a core, behind one port")]
    if used >= LIMIT * cpus:
        return [_finding(used, f"all {cpus} cores", "give it a larger machine, or several")]
    return []


def _finding(used: float, what: str, more: str) -> Finding:
    return Finding(
        rule=NAME,
        title=f"The target computes all the time: it uses {what}",
        evidence=(f"{used:.0%} of one core on average under load",),
        impact_ms=None,
        fix=f"Profile it and make the hottest code cheaper; then {more}.",
        milestone=CAPACITY,
        confidence="measured",
        unless="the load was chosen to be more than it can take",
    )
