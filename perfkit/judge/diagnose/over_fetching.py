"""`SELECT *` whose columns all go out into the reply.

From 300 bytes of reply a row on: a row of eight ordinary columns as JSON, with their names, is half of that. And from
10 kB a reply on, as below that a few columns more cost nobody anything.
"""

from __future__ import annotations

from typing import Final

from perfkit import reading, units
from perfkit.judge.diagnose.evidence import DATABASE, Evidence
from perfkit.judge.diagnose.selects import stars
from perfkit.model import Budget, Finding, StatementShare

NAME: Final = "over_fetching"
MIN_BYTES: Final = 10_000.0
MIN_ROW_BYTES: Final = 300.0


def find(evidence: Evidence) -> list[Finding]:
    """One finding for all endpoints, the one with the largest replies first: it is one habit."""
    seen = [one for budget in evidence.budgets if (one := _of(evidence, budget)) is not None]
    if not seen:
        return []
    seen.sort(key=lambda one: -one[2])
    budget, worst, _, _ = seen[0]
    names = [one[0].endpoint for one in seen]
    return [
        Finding(
            rule=NAME,
            title=f"{_listed(names)} fetch{'es' * (len(names) == 1)} all columns (SELECT *)",
            evidence=tuple(_line(*one) for one in seen),
            impact_ms=None,
            fix="Name the columns that the reply needs: less to read, to send, to turn into JSON and to keep.",
            sql=None,
            fingerprint=worst.statement.fingerprint,
            endpoint=budget.endpoint,
            milestone=DATABASE,
            confidence="likely",
            unless="whoever calls it needs every column",
        )
    ]


def _of(evidence: Evidence, budget: Budget) -> tuple[Budget, StatementShare, float, float] | None:
    reply_bytes = evidence.loaded("payload.decoded_bytes", budget.endpoint) or 0.0
    starred = [share for share in budget.statements if stars(share.statement.statement)]
    rows = sum(share.calls * (share.statement.rows or 0.0) for share in starred)
    if not starred or rows <= 0 or reply_bytes < MIN_BYTES or reply_bytes / rows < MIN_ROW_BYTES:
        return None
    return budget, starred[0], reply_bytes, reply_bytes / rows


def _line(budget: Budget, share: StatementShare, reply_bytes: float, row_bytes: float) -> str:
    return (
        f"{budget.endpoint}: {units.show(reply_bytes, 'bytes')} a reply, {units.show(row_bytes, 'bytes')} a row:"
        f" {reading.shortened(share.statement.statement)}"
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
