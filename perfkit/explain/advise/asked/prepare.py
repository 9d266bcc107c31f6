"""Which of the captured statements can be tried, and what each asks of which table. Knows why one must be left out.

Runs each statement once (EXPLAIN ANALYZE, READ ONLY, rolled back) unless its plan is known already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.explain.advise.asked.access import Access, accesses_in, with_values
from perfkit.explain.advise.asked.checks import checks
from perfkit.explain.advise.asked.evidence import filtered, losses
from perfkit.explain.advise.asked.planned import plan_of
from perfkit.explain.advise.asked.statement import (
    Tree,
    is_ordered,
    parsed,
    read_form,
    tables_of,
    with_known_parameters,
    written_columns,
)
from perfkit.explain.advise.asked.workload import LeftOut, Task, Workload, Write
from perfkit.explain.advise.book import Book
from perfkit.explain.advise.catalog import read_book
from perfkit.explain.advise.index import TableName
from perfkit.explain.advise.session import OutOfTime, Session
from perfkit.explain.rules.rule import nodes
from perfkit.explain.runner import Refused
from perfkit.model import CapturedQuery, NotExplained, QueryPlan

MAX_SETS: Final = 3


def prepare(
    session: Session, queries: Sequence[CapturedQuery], plans: Sequence[QueryPlan | NotExplained] = ()
) -> Workload:
    """What of the captured queries can be tried. `plans` are those that are known already, by fingerprint.

    Raises:
        DatabaseError: nobody answers.
    """
    known = {plan.fingerprint: plan for plan in plans if isinstance(plan, QueryPlan)}
    ranked = sorted(queries, key=lambda one: one.total_ms, reverse=True)
    looked = [_look(session, query, known.get(query.fingerprint)) for query in ranked]
    seen = [one for one in looked if isinstance(one, _Seen)]
    trees = {query.fingerprint: parsed(query.statement) for query in ranked}
    names = {name for tree in trees.values() if tree is not None for name in tables_of(tree)}
    names |= {node.relation for one in seen for node in nodes(one.plan.root) if node.relation}
    book = read_book(session, names)
    writes = _writes(ranked, trees, book)
    tasks = [_task(one, book) for one in seen] + checks(session, ranked, writes, book)
    left_out = tuple(one for one in looked if isinstance(one, LeftOut))
    return Workload(tuple(tasks), left_out, tuple(writes), book)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A statement that has run once, READ ONLY."""

    query: CapturedQuery
    tree: Tree | None
    sql: str
    sets: tuple[tuple[str | None, ...], ...]
    plan: QueryPlan


def _look(session: Session, query: CapturedQuery, plan: QueryPlan | None) -> _Seen | LeftOut:
    database = session.link.info.dbname
    if query.database not in (None, database):
        return LeftOut(query.fingerprint, f"it ran in the database {query.database}", query.total_ms)
    tree = parsed(query.statement)
    read = read_form(tree)
    sql = read or query.statement
    sets = _sets(sql, query)
    if "\0" in sql or not sets:
        reason = "it holds a zero byte" if "\0" in sql else "no parameters were captured"
        return LeftOut(query.fingerprint, reason, query.total_ms)
    try:
        found = plan if plan is not None and read is None else plan_of(session, sql, sets[0], query.fingerprint)
    except Refused as refused:
        return LeftOut(query.fingerprint, str(refused), query.total_ms)
    except OutOfTime:
        return LeftOut(query.fingerprint, "the time budget was used up before it was looked at", query.total_ms)
    return _Seen(query, tree if read is None else parsed(read), sql, sets, found)


def _task(seen: _Seen, book: Book) -> Task:
    accesses: tuple[Access, ...] = ()
    if seen.tree is not None:
        found = accesses_in(seen.tree, lambda name, schema: _columns(book, name, schema))
        accesses = tuple(with_values(one, seen.sets) for one in found)
    return Task(
        fingerprint=seen.query.fingerprint,
        sql=seen.sql,
        sets=seen.sets,
        calls=seen.query.calls,
        total_ms=seen.query.total_ms,
        tables=_tables(seen.plan, accesses, book),
        accesses=accesses + _seen_in_plan(seen.plan, accesses, book),
        losses=losses(seen.plan, book.whole),
        is_ordered=is_ordered(seen.tree),
    )


def _sets(sql: str, query: CapturedQuery) -> tuple[tuple[str | None, ...], ...]:
    """The values of a few executions, the slowest first; one empty set where the statement needs none."""
    captured = [one.values for one in query.parameter_sets] or [()]
    fitting = (with_known_parameters(sql, values) for values in captured)
    return tuple(dict.fromkeys(one for one in fitting if one is not None))[:MAX_SETS]


def _columns(book: Book, name: str, schema: str | None) -> frozenset[str] | None:
    table = book.find(name, schema)
    return frozenset(table.columns) if table is not None else None


def _tables(plan: QueryPlan, accesses: Sequence[Access], book: Book) -> frozenset[TableName]:
    """With the whole of what they are partitions of."""
    found = [book.find(one.relation, one.schema) for one in accesses]
    found += [book.find(node.relation) for node in nodes(plan.root) if node.relation]
    tables = [table for table in found if table is not None]
    return frozenset(name for table in tables for name in (table.name, table.root) if name is not None)


def _seen_in_plan(plan: QueryPlan, accesses: Sequence[Access], book: Book) -> tuple[Access, ...]:
    """What the plan's filters ask of tables that the text does not name: those below a view."""
    named = {one.relation for one in accesses}
    seen = {book.whole(relation): conditions for relation, conditions in filtered(plan).items()}
    return tuple(
        Access(None, relation, relation, conditions) for relation, conditions in seen.items() if relation not in named
    )


def _writes(queries: Sequence[CapturedQuery], trees: Mapping[str, Tree | None], book: Book) -> list[Write]:
    found = []
    for query in queries:
        told = written_columns(trees[query.fingerprint])
        table = book.find(told[2], told[1]) if told is not None else None
        if told is not None and table is not None:
            found.append(Write(told[0], table.name, query.calls, told[3]))
    return found
