"""One endpoint fails while the total looks well.

From 5 % of its requests and three failures on, where that is three times the share of all requests: what fails
everywhere is seen in the total.
"""

from __future__ import annotations

from typing import Final

from perfkit import units
from perfkit.judge.diagnose.evidence import STABILITY, Evidence
from perfkit.model import Finding

NAME: Final = "failing_endpoint"
MIN_RATIO: Final = 0.05
MIN_FAILURES: Final = 3
TIMES: Final = 3.0


def find(evidence: Evidence) -> list[Finding]:
    total = evidence.loaded("errors.ratio")
    found = []
    for endpoint in evidence.endpoints:
        ratio, count = evidence.loaded("errors.ratio", endpoint), evidence.loaded("errors.count", endpoint)
        if total is None or ratio is None or count is None or ratio < MIN_RATIO or count < MIN_FAILURES:
            continue
        if ratio >= TIMES * total:
            found.append(_finding(evidence, endpoint, ratio, count, total))
    return found


def _finding(evidence: Evidence, endpoint: str, ratio: float, count: float, total: float) -> Finding:
    kinds = ", ".join(
        f"{metric.scope.kind} {metric.value:,.0f}×"
        for metric in evidence.metrics
        if metric.name == "errors.count" and metric.scope.kind and metric.scope.endpoint == endpoint
    )
    return Finding(
        rule=NAME,
        title=f"{endpoint} fails in {units.show(ratio, 'ratio')} of its requests, all in {units.show(total, 'ratio')}",
        evidence=(f"{count:,.0f} failures under load" + (f": {kinds}" if kinds else ""),),
        impact_ms=None,
        fix="See the messages in the section on errors, and the target's own log of that time.",
        endpoint=endpoint,
        milestone=STABILITY,
        confidence="measured",
        unless="the scenario asks for what must be refused",
    )
