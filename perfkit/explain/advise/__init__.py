"""Which indexes the captured workload wants, proven by running it with and without them. Changes nothing by itself.

Candidates come from measured plans and from the statements' text; HypoPG, where it is there, sorts out those that no
plan would use; what remains is built on a copy of the database, or on one that the user called disposable, chosen for
the workload as a whole, and run. Only what made it faster is called advice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from perfkit.errors import DatabaseError
from perfkit.explain.advise.advice import NotAdvised, Report, Wish
from perfkit.explain.advise.asked.prepare import prepare
from perfkit.explain.advise.asked.workload import Workload
from perfkit.explain.advise.catalog import read_book
from perfkit.explain.advise.chosen.choose import Ask, Choice, Offer, remembered
from perfkit.explain.advise.chosen.pricing import can_pretend, pretended_bytes, pretending, used_at_all
from perfkit.explain.advise.chosen.weighing import choice_of, write_ms
from perfkit.explain.advise.index import Index
from perfkit.explain.advise.places.copies import Wanted, left_copies
from perfkit.explain.advise.places.place import opened
from perfkit.explain.advise.proposed.candidates import Candidate, propose, wants_trigrams
from perfkit.explain.advise.proven.trial import NOT_CHOSEN, tried
from perfkit.explain.advise.proven.unneeded import REPLICAS, suspects
from perfkit.explain.advise.session import Meter, OutOfTime, Session
from perfkit.explain.runner import Limits, Refused
from perfkit.model import CapturedQuery, NotExplained, QueryPlan

__all__ = ["Wish", "advise"]

UNUSED: Final = "the planner uses it for no statement of the workload"
TRIGRAMS: Final = (
    "The extension pg_trgm is not installed in the database: without it no index serves LIKE '%x%', ILIKE or ~."
)
NOT_TRIED: Final = (
    "not verified: nothing was built; say --build-on copy, or --build-on here if the database may be used up"
)


def advise(
    dsn: str,
    queries: Sequence[CapturedQuery],
    wish: Wish,
    *,
    plans: Sequence[QueryPlan | NotExplained] = (),
    note: Callable[[str], None] = lambda text: None,
) -> Report:
    """What the workload wants. `plans` are those that are known already; `note` is told what goes on.

    Raises:
        DatabaseError: nobody answers at `dsn`, or the copy cannot be made.
    """
    meter = Meter(wish.budget_s)
    limits = Limits(wish.statement_timeout_s, wish.lock_timeout_s)
    session = Session(dsn, meter, limits)
    try:
        workload = prepare(session, queries, plans)
        candidates = propose(workload)
        note(f"{len(candidates)} candidates for {len(workload.tasks)} statements")
        told = _told(session) if wish.build_on != "copy" else []  # a copy is made: then those left behind are dropped
        told += [TRIGRAMS] if wants_trigrams(workload) else []
        pool, dismissed = _sifted(session, workload, candidates)
        unneeded = suspects(read_book(session, None))
        if wish.build_on is None:
            report = _estimated(session, workload, pool, wish)
            report = replace(report, unneeded=tuple(unneeded))
    finally:
        session.close()
    if wish.build_on is not None:
        wanted = Wanted(workload.tasks, wish.copy_bytes, note, told.append)
        with opened(dsn, wish.build_on, wanted, meter, limits) as place:
            report = tried(place, workload, pool, unneeded, wish, note)
    return replace(
        report,
        not_advised=(*report.not_advised, *dismissed),
        left_out={one.fingerprint: one.reason for one in workload.left_out},
        workload_ms=workload.total_ms,
        server_s=meter.spent_s,
        statistics_since=workload.book.statistics_since,
        notes=(*told, *report.notes, *((REPLICAS,) if report.unneeded else ())),
    )


def _told(session: Session) -> list[str]:
    return [
        f"the copy {name} of an earlier perfkit was left behind: DROP DATABASE {name};" for name in left_copies(session)
    ]


def _sifted(
    session: Session, workload: Workload, candidates: Sequence[Candidate]
) -> tuple[list[Candidate], list[NotAdvised]]:
    """Without those that HypoPG says no plan would use."""
    pretended = frozenset(one.index for one in candidates if can_pretend(one.index, workload.book))
    if not pretended:
        return list(candidates), []
    try:
        used = used_at_all(remembered(pretending(session, workload.tasks)), workload.tasks, pretended)
    except (OutOfTime, Refused, DatabaseError):
        return list(candidates), []
    unused = pretended - used
    return [one for one in candidates if one.index not in unused], [NotAdvised(one, UNUSED) for one in unused]


def _estimated(session: Session, workload: Workload, pool: Sequence[Candidate], wish: Wish) -> Report:
    """Nothing may be built: what HypoPG expects, which is not called advice."""
    able = [one.index for one in pool if can_pretend(one.index, workload.book)]
    rest = [NotAdvised(one.index, NOT_TRIED) for one in pool if one.index not in able]
    if not able:
        return Report(not_advised=tuple(rest))
    offers = [Offer(one, pretended_bytes(session, one), write_ms(one, workload)) for one in able]
    ask = remembered(pretending(session, workload.tasks))
    try:
        choice = choice_of(workload, offers, ask, wish, session.meter)
        gains = _alone(choice, workload, ask)
    except OutOfTime:
        return Report(not_advised=tuple(NotAdvised(one.index, NOT_TRIED) for one in pool))
    chosen = [NotAdvised(one, NOT_TRIED, gains.get(one)) for one in choice.chosen]
    others = [NotAdvised(one, NOT_CHOSEN) for one in able if one not in choice.chosen]
    return Report(not_advised=(*chosen, *rest, *others), gap=choice.gap)


def _alone(choice: Choice, workload: Workload, ask: Ask) -> dict[Index, float]:
    """What the estimate gives each chosen index: what would be lost without it."""
    whole = frozenset(choice.chosen)
    gains = dict.fromkeys(choice.chosen, 0.0)
    for index in choice.chosen:
        for task in workload.touching(index.table):
            none = ask(task.fingerprint, frozenset()).cost
            lost = ask(task.fingerprint, whole - {index}).cost - ask(task.fingerprint, whole).cost
            gains[index] += task.total_ms * lost / none if none > 0 else 0.0
    return gains
