"""Sessions wait for locks of each other.

Sessions waiting on average, over requests a second, are seconds waited a request (Little's law): of an endpoint where
a trace tells whose the waiting statement is, else of all requests. A tenth of the mean response time, and the 5 ms that
a comparison would see, are worth a finding.
"""

from __future__ import annotations

from typing import Final

from perfkit import reading, units
from perfkit.judge.diagnose.evidence import DATABASE, MIN_SHARE, Evidence
from perfkit.model import Budget, Finding

NAME: Final = "lock_waits"
_TOLD: Final = 3


def find(evidence: Evidence) -> list[Finding]:
    """One finding: whoever waits, waits for the others."""
    waiting = [one for one in evidence.budgets if _is_worth_it(evidence, one.endpoint, one.lock_wait_ms)]
    waiting.sort(key=lambda one: -(one.lock_wait_ms or 0.0) * evidence.weight(one.endpoint))
    if waiting:
        return [_of_endpoints(evidence, waiting)]
    total_ms = evidence.loaded("sql.lock_wait_per_request_ms")
    return [_of_all(evidence, total_ms)] if total_ms is not None and _is_worth_it(evidence, None, total_ms) else []


def _is_worth_it(evidence: Evidence, endpoint: str | None, wait_ms: float | None) -> bool:
    if wait_ms is None or wait_ms < evidence.least_ms:
        return False
    return (_share(evidence, endpoint, wait_ms) or 0.0) >= MIN_SHARE


def _share(evidence: Evidence, endpoint: str | None, wait_ms: float) -> float | None:
    mean_ms = evidence.loaded("latency.avg_ms", endpoint)
    return min(wait_ms / mean_ms, 1.0) if mean_ms else None


def _of_endpoints(evidence: Evidence, waiting: list[Budget]) -> Finding:
    worst = waiting[0]
    share = max(worst.statements, key=lambda one: one.lock_wait_ms or 0.0)
    more = f", and {len(waiting) - 1} more" if len(waiting) > 1 else ""
    return _finding(
        f"{worst.endpoint} waits {units.show(worst.lock_wait_ms or 0.0, 'ms')} a request for locks{more}",
        (*(_line(evidence, budget) for budget in waiting[:_TOLD]), _sessions(evidence)),
        worst.lock_wait_ms or 0.0,
        _share(evidence, worst.endpoint, worst.lock_wait_ms or 0.0),
        endpoint=worst.endpoint,
        fingerprint=share.statement.fingerprint,
    )


def _line(evidence: Evidence, budget: Budget) -> str:
    wait_ms = budget.lock_wait_ms or 0.0
    share = max(budget.statements, key=lambda one: one.lock_wait_ms or 0.0)
    part = f"{units.show(wait_ms, 'ms')} a request, {_share(evidence, budget.endpoint, wait_ms) or 0.0:.0%} of its time"
    return f"{budget.endpoint}: {part}; most in {reading.shortened(share.statement.statement)}"


def _of_all(evidence: Evidence, wait_ms: float) -> Finding:
    share = _share(evidence, None, wait_ms)
    line = f"that is {units.show(wait_ms, 'ms')} a request, {share or 0.0:.0%} of the mean response time"
    title = f"Requests wait {units.show(wait_ms, 'ms')} for locks on average"
    return _finding(title, (_sessions(evidence), line), wait_ms, share)


def _sessions(evidence: Evidence) -> str:
    waiting = evidence.loaded("sessions.lock_waiting_count") or 0.0
    return f"{waiting:.2f} sessions waited for a lock on average under load"


def _finding(
    title: str,
    lines: tuple[str, ...],
    wait_ms: float,
    share: float | None,
    *,
    endpoint: str | None = None,
    fingerprint: str | None = None,
) -> Finding:
    return Finding(
        rule=NAME,
        title=title,
        evidence=lines,
        impact_ms=wait_ms,
        fix="Find who holds them: keep transactions short, take locks in one order, do nothing slow between the"
        " first write and COMMIT, and let counters be rows that are added, not one row that all update.",
        sql="SELECT pid, pg_blocking_pids(pid), wait_event, left(query, 80) FROM pg_stat_activity"
        " WHERE cardinality(pg_blocking_pids(pid)) > 0;",
        fingerprint=fingerprint,
        endpoint=endpoint,
        milestone=DATABASE,
        share=share,
        confidence="measured",
        unless="the waits were caused by maintenance that ran beside the load (DDL, VACUUM FULL, a migration)",
    )
