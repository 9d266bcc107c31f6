"""Rows and blocks of one execution of each statement, from what pg_stat_statements counted meanwhile.

The log does not tell them. Knows the view and its columns; where it is not readable nothing is known, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg

_COUNTERS: Final = """/* perfkit */
SELECT queryid::text, sum(calls)::float8, sum(rows)::float8, sum(shared_blks_hit + shared_blks_read)::float8
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND queryid IS NOT NULL
GROUP BY 1
"""

Connection = psycopg.Connection[tuple[Any, ...]]
Counters = Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Work:
    """Means of one execution."""

    rows: float
    blocks: float


def read_counters(connection: Connection) -> Counters | None:
    """(calls, rows, blocks) by query id; None where the extension is not there, or not for this user."""
    try:
        return {str(key): (calls, rows, blocks) for key, calls, rows, blocks in connection.execute(_COUNTERS)}
    except psycopg.Error:
        return None


def work_between(before: Counters | None, after: Counters | None) -> dict[str, Work]:
    """What each statement did in between, by query id. A counter that fell was evicted or reset, and is left out."""
    found = {}
    for key, (calls, rows, blocks) in (after or {}).items():
        start = (before or {}).get(key, (0.0, 0.0, 0.0))
        made = calls - start[0]
        if before is not None and made > 0 and rows >= start[1]:
            found[key] = Work((rows - start[1]) / made, (blocks - start[2]) / made)
    return found
