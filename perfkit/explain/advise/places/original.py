"""What a workload's statements do in the original: which tables they read, and how they are planned there.

A function's body says to nobody but the server which tables it reads, so each statement runs once (READ ONLY, rolled
back) and the server's own locks are read: it holds one on everything that the transaction has opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.explain.advise.asked.workload import Task
from perfkit.explain.advise.index import TableName
from perfkit.explain.advise.plan_shape import PLAN, shape
from perfkit.explain.advise.session import Session
from perfkit.explain.runner import Refused

_RUN: Final = "ANALYZE, TIMING OFF, FORMAT JSON"
_OPENED: Final = """/* perfkit */
SELECT DISTINCT relation::bigint FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384
"""
# Down to what a partitioned table, a parent, or a (materialised) view is made of.
_NEEDED: Final = """/* perfkit */
WITH RECURSIVE needed(oid) AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY($1::oid[])
       OR (n.nspname, c.relname) IN (SELECT * FROM unnest($2::text[], $3::text[]))
    UNION
    SELECT d.oid FROM needed CROSS JOIN LATERAL (
        SELECT i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = needed.oid
        UNION ALL
        SELECT d.refobjid FROM pg_rewrite r
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        WHERE r.ev_class = needed.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> needed.oid
    ) d
)
SELECT n.nspname, c.relname, c.relkind::text, pg_total_relation_size(c.oid)::bigint,
       c.reltuples >= 0, c.relallvisible >= c.relpages / 2.0 AND c.relallvisible > 0
FROM needed JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND c.relpersistence <> 't'
ORDER BY c.oid
"""


@dataclass(frozen=True, slots=True)
class Needed:
    """A table (r), materialised view (m) or partitioned table (p) that the copy must have, with its indexes' bytes.

    `is_counted`: it has statistics; autovacuum makes none of a partitioned table, for one. `is_visible`: most of its
    pages are marked all-visible, as index-only scans want them.
    """

    name: TableName
    kind: str
    bytes: int
    is_counted: bool
    is_visible: bool


Shapes = Mapping[str, tuple[tuple[str, ...], ...]]


def reading(session: Session, tasks: Sequence[Task]) -> tuple[list[Needed], Shapes]:
    """The tables that the statements read, in the order in which they were made, and each statement's plans.

    Raises:
        OutOfTime: the budget was used up before.
        DatabaseError: the server went away.
    """
    opened: set[int] = set()
    shapes = {}
    for task in tasks:
        try:
            with session.reading():
                shapes[task.fingerprint] = shapes_of(session, task)
                opened |= {row[0] for row in session.rows(_OPENED)}
                session.explain(_RUN, task.sql, task.sets[0])
                opened |= {row[0] for row in session.rows(_OPENED)}
        except Refused:  # it will be refused on the copy too, and be left out there with that reason
            continue
    names = sorted({name for task in tasks for name in task.tables})
    rows = session.rows(_NEEDED, sorted(opened), [one.schema for one in names], [one.name for one in names])
    return [Needed(TableName(schema, name), *rest) for schema, name, *rest in rows], shapes


def shapes_of(session: Session, task: Task) -> tuple[tuple[str, ...], ...]:
    """How each of its value sets is planned, inside `reading`."""
    return tuple(shape(session.explain(PLAN, task.sql, values)) for values in task.sets)
