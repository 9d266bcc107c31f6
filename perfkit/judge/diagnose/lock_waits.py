"""Sessions wait for locks of each other.

Sessions waiting on average, over requests a second, are seconds waited a request (Little's law). A tenth of the mean
response time, and the 5 ms that a comparison would see, are worth a finding.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.judge.diagnose.evidence import DATABASE, MIN_SHARE, Evidence
from perfkit.model import Finding

NAME: Final = "lock_waits"


def find(evidence: Evidence) -> list[Finding]:
    waiting = evidence.loaded("sessions.lock_waiting_count")
    rate, mean_ms = evidence.loaded("throughput.requests_per_s"), evidence.loaded("latency.avg_ms")
    if not waiting or not rate or not mean_ms:
        return []
    wait_ms = waiting / rate * 1e3
    share = min(wait_ms / mean_ms, 1.0)
    if share < MIN_SHARE or wait_ms < evidence.least_ms:
        return []
    return [
        Finding(
            rule=NAME,
            title=f"Requests wait {units.show(wait_ms, 'ms')} for locks on average",
            evidence=(
                f"{waiting:.2f} sessions waited for a lock on average under load",
                f"at {rate:,.0f} requests a second that is {units.show(wait_ms, 'ms')} a request,"
                f" {share:.0%} of the mean response time",
            ),
            impact_ms=wait_ms,
            fix="Find who holds them: keep transactions short, take locks in one order, do nothing slow between the"
            " first write and COMMIT, and let counters be rows that are added, not one row that all update.",
            sql="SELECT pid, pg_blocking_pids(pid), wait_event, left(query, 80) FROM pg_stat_activity"
            " WHERE cardinality(pg_blocking_pids(pid)) > 0;",
            milestone=DATABASE,
            share=share,
            confidence="measured",
            unless="the waits were caused by maintenance that ran beside the load (DDL, VACUUM FULL, a migration)",
        )
    ]
