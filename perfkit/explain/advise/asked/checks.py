"""What foreign keys make the server look up for rows that the workload deletes. Asks for one value to try it with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from perfkit.explain.advise.asked.access import Access
from perfkit.explain.advise.asked.condition import Condition
from perfkit.explain.advise.asked.evidence import losses
from perfkit.explain.advise.asked.planned import plan_of
from perfkit.explain.advise.asked.workload import Task, Write
from perfkit.explain.advise.book import Book
from perfkit.explain.advise.index import TableName, quoted
from perfkit.explain.advise.session import OutOfTime, Session
from perfkit.explain.runner import Refused
from perfkit.model import CapturedQuery

_SAMPLE: Final = "SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL LIMIT 1"
_CHECK: Final = "SELECT 1 FROM {only}{table} x WHERE {column} = $1"


def checks(session: Session, queries: Sequence[CapturedQuery], writes: Sequence[Write], book: Book) -> list[Task]:
    """What a foreign key makes the server look up for each row that a captured DELETE takes away.

    The trigger stands in no plan of a reader, and its look-up is this very statement.
    """
    deleted = {one.table: one.calls for one in writes if one.kind == "delete"}
    took_ms = sum(query.total_ms for query in queries if query.statement.lstrip()[:6].lower() == "delete")
    found = []
    for key in book.foreign_keys:
        if key.target in deleted and len(key.columns) == 1:
            only = "" if book.tables[key.table].is_partitioned else "ONLY "
            sql = _CHECK.format(only=only, table=key.table, column=quoted(key.columns[0]))
            try:
                value = _sampled(session, key.target, key.target_columns[0])
                plan = plan_of(session, sql, (value,), f"check of {key.name}")
            except (Refused, OutOfTime):
                continue
            access = Access(
                key.table.schema,
                key.table.name,
                "x",
                (Condition("equality", column=key.columns[0], value="$1"),),
                columns=frozenset(key.columns),
            )
            found.append(
                Task(
                    fingerprint=f"check of {key.name}",
                    sql=sql,
                    sets=((value,),),
                    calls=deleted[key.target],
                    total_ms=took_ms,
                    tables=frozenset({key.table}),
                    accesses=(access,),
                    losses=losses(plan),
                )
            )
    return found


def _sampled(session: Session, table: TableName | None, column: str) -> str | None:
    sql = _SAMPLE.format(table=table, column=quoted(column))
    with session.reading():
        rows = list(session.stream(sql, ()))
    return rows[0][0].decode() if rows and rows[0][0] is not None else None
