"""The same statement again and again within one request: a loop over rows, with a query for each.

Three times or more in most requests of the endpoint is what counts as again and again; that it takes a tenth of the
request, and the 5 ms that a comparison would see, is what makes it worth the work.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from perfkit import reading, units
from perfkit.judge.diagnose.evidence import DATABASE, MIN_SHARE, Evidence
from perfkit.model import Finding, Repetition

NAME: Final = "n_plus_one"


def find(evidence: Evidence) -> list[Finding]:
    """One finding an endpoint: loops within loops are one piece of code."""
    by_endpoint: defaultdict[str, list[Repetition]] = defaultdict(list)
    for repetition in evidence.repetitions:
        by_endpoint[repetition.endpoint].append(repetition)
    found = [_finding(evidence, endpoint, loops) for endpoint, loops in by_endpoint.items()]
    return [one for one in found if _is_worth_it(one, evidence)]


def _is_worth_it(finding: Finding, evidence: Evidence) -> bool:
    return (finding.share or 0.0) >= MIN_SHARE and (finding.impact_ms or 0.0) >= evidence.least_ms


def _finding(evidence: Evidence, endpoint: str, loops: list[Repetition]) -> Finding:
    share = min(sum(loop.share for loop in loops), 1.0)
    calls = sum(loop.calls for loop in loops)
    batches = [loop.batch for loop in loops if loop.batch is not None]
    return Finding(
        rule=NAME,
        title=f"{endpoint} runs {_kinds(loops)} {calls:,.0f} times a request (N+1)",
        evidence=tuple(line for loop in loops for line in _lines(loop)),
        impact_ms=evidence.cost_ms(endpoint, share),
        fix=_fix(loops),
        sql=";\n".join(batches) + ";" if batches else None,
        fingerprint=loops[0].fingerprint,
        endpoint=endpoint,
        milestone=DATABASE,
        share=share,
        confidence="proven" if any((loop.slope or 0.0) > 0 and _grows(loop) for loop in loops) else "measured",
        unless="the number of calls is small and fixed by design, or the statements go out together in one round trip",
    )


def _grows(loop: Repetition) -> bool:
    """At least one call more between the smallest and the largest page: else the slope is rounding."""
    counts = [calls for _, calls in loop.sizes]
    return bool(counts) and counts[-1] - counts[0] >= 1


def _kinds(loops: list[Repetition]) -> str:
    return "one statement" if len(loops) == 1 else units.count(len(loops), "statement")


def _lines(loop: Repetition) -> list[str]:
    varies = "with other values each time" if loop.kind == "LOOP" else "with the same values each time"
    cost = f"{units.show(loop.cost_ms, 'ms')}, {loop.share:.0%} of the request alone"
    lines = [f"{loop.calls:,.0f} × {reading.shortened(loop.statement)}, {varies}: {cost}"]
    if loop.sizes:
        tried = ", ".join(
            f"{units.count(size, 'row')} a page: {units.count(calls, 'call')}" for size, calls in loop.sizes
        )
        grows = "it grows with the page" if _grows(loop) else "it does not follow the page size, which may be ignored"
        lines.append(f"{tried}; {grows}")
    return lines


def _fix(loops: list[Repetition]) -> str:
    kinds = {loop.kind for loop in loops}
    batch = "Ask once for all rows: with = ANY($1) and the list of values, or with a JOIN in the statement before."
    repeat = "Keep the first answer for the rest of the request: the values are the same each time."
    return " ".join([*([batch] if "LOOP" in kinds else []), *([repeat] if "REPEAT" in kinds else [])])
