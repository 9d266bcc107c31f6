"""The same statements with the same values, in every request of an endpoint: an answer that could have been kept.

Told where they take three tenths of the request or more: below that a cache is one more thing that can be stale.
Needs two traced requests, and an endpoint that only reads.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from perfkit import units
from perfkit.judge.diagnose.evidence import CACHING, Evidence
from perfkit.model import Finding, TracedRequest

NAME: Final = "no_caching"
MIN_SHARE: Final = 0.30
MIN_REQUESTS: Final = 2
MAX_HITS: Final = 0.5


def find(evidence: Evidence) -> list[Finding]:
    by_endpoint: defaultdict[str, list[TracedRequest]] = defaultdict(list)
    for request in evidence.trace.requests if evidence.trace else ():
        if request.is_ok:
            by_endpoint[request.endpoint].append(request)
    found = [_of(evidence, endpoint, requests) for endpoint, requests in by_endpoint.items()]
    return [finding for finding in found if finding is not None]


def _of(evidence: Evidence, endpoint: str, requests: list[TracedRequest]) -> Finding | None:
    budget = evidence.budget(endpoint)
    hits = evidence.loaded("cache.hit_ratio", endpoint) or 0.0
    if budget is None or len(requests) < MIN_REQUESTS or budget.service_ms <= 0 or hits > MAX_HITS:
        return None
    if any(share.statement.is_write is not False for share in budget.statements):
        return None
    every = set.intersection(*({(one.fingerprint, one.values) for one in request.executions} for request in requests))
    repeated = [one for request in requests for one in request.executions if (one.fingerprint, one.values) in every]
    ms = sum(one.ms + (one.planning_ms or 0.0) for one in repeated) / len(requests)
    share = min(ms / budget.service_ms, 1.0)
    impact_ms = evidence.cost_ms(endpoint, share)
    if share < MIN_SHARE or impact_ms < evidence.least_ms:
        return None
    told = evidence.loaded("cache.hit_ratio", endpoint)
    hit_line = "its replies tell of no cache" if told is None else f"{told:.0%} of its replies came from a cache"
    return Finding(
        rule=NAME,
        title=f"{endpoint} computes the same answer for every request",
        evidence=(
            f"{len(every)} statement{'s' * (len(every) > 1)} with the same values in all {len(requests)} traced"
            f" requests: {units.show(ms, 'ms')} of {units.show(budget.service_ms, 'ms')}, {share:.0%} of the request",
            f"{units.count(evidence.weight(endpoint), 'request')} under load; {hit_line}",
        ),
        impact_ms=impact_ms,
        fix="Keep the answer for as long as it may be old, and forget it when the tables that it is made of are"
        " written: in the process for moments, in Redis or Valkey for minutes.",
        fingerprint=budget.statements[0].statement.fingerprint,
        endpoint=endpoint,
        milestone=CACHING,
        share=share,
        confidence="measured",
        unless="the answer must never be older than the last write, and nothing tells the cache of one",
    )
