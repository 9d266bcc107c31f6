"""What the planner thinks of a statement where some candidates are there. Runs nothing of the workload.

Two ways to have them there: HypoPG, which only pretends, and real ones, of which the others are dropped in a
transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from perfkit.explain.advise.asked.workload import Task
from perfkit.explain.advise.book import Book
from perfkit.explain.advise.chosen.choose import Ask, Indexes, Priced
from perfkit.explain.advise.index import Index, create
from perfkit.explain.advise.places.place import Built
from perfkit.explain.advise.plan_shape import PLAN, index_names
from perfkit.explain.advise.session import Session

_RESET: Final = "/* perfkit */ SELECT hypopg_reset()"
_PRETEND: Final = "/* perfkit */ SELECT indexname FROM hypopg_create_index($1)"
_SIZE: Final = "/* perfkit */ SELECT hypopg_relation_size(indexrelid)::bigint FROM hypopg_create_index($1)"
_CRASHES_WITH_PARTIAL: Final = ("1.4.2", "1.4.3")  # of a table that a view of the query reads


def can_pretend(index: Index, book: Book) -> bool:
    """Whether HypoPG is there and says something true of such an index."""
    version = book.extensions.get("hypopg")
    table = book.tables.get(index.table)
    if version is None or index.method not in ("btree", "brin") or index.has_expression:
        return False  # it has no statistics of expressions
    if table is not None and table.is_partitioned:
        return False
    return index.predicate is None or version not in _CRASHES_WITH_PARTIAL


def pretended_bytes(session: Session, index: Index) -> float:
    """The size that HypoPG expects."""
    with session.reading():
        session.rows(_RESET)
        return float(session.rows(_SIZE, create(index, "perfkit"))[0][0])


def pretending(session: Session, tasks: Sequence[Task]) -> Ask:
    """Prices by HypoPG: in this session only, seen by nobody else, gone with it."""
    by_print = {task.fingerprint: task for task in tasks}

    def ask(fingerprint: str, available: Indexes) -> Priced:
        with session.reading():
            session.rows(_RESET)
            names = {session.rows(_PRETEND, create(index, "perfkit"))[0][0]: index for index in available}
            priced = _priced(session, by_print[fingerprint], names)
            session.rows(_RESET)
        return priced

    return ask


def building(session: Session, tasks: Sequence[Task], built: Sequence[Built]) -> Ask:
    """Prices by real indexes, all of which are there: what is not available is dropped for the question."""
    by_print = {task.fingerprint: task for task in tasks}
    names = {name: one.index for one in built for name in one.names}

    def ask(fingerprint: str, available: Indexes) -> Priced:
        task = by_print[fingerprint]
        hidden = [one.drop for one in built if one.index not in available and one.index.table in task.tables]
        with session.reading(*hidden):
            return _priced(session, task, names)

    return ask


def _priced(session: Session, task: Task, names: Mapping[str, Index]) -> Priced:
    documents = [session.explain(PLAN, task.sql, values) for values in task.sets]
    used = {name for document in documents for name in index_names(document)}
    cost = sum(float(document["Plan"]["Total Cost"]) for document in documents)
    return Priced(cost, frozenset(names[name] for name in used if name in names))


def used_at_all(ask: Ask, tasks: Iterable[Task], indexes: Indexes) -> Indexes:
    """Those that some plan uses, where all are there or where it is the only one."""
    found: set[Index] = set()
    for task in tasks:
        relevant = frozenset(index for index in indexes if index.table in task.tables)
        if relevant:
            found |= ask(task.fingerprint, relevant).used
            for index in relevant - found:
                found |= ask(task.fingerprint, frozenset({index})).used
    return frozenset(found)
