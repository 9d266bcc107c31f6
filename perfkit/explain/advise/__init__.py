"""Which indexes the captured workload wants, proven by running it with and without them. Changes nothing by itself.

Candidates come from measured plans and from the statements' text; HypoPG, where it is there, sorts out those that no
plan would use; what remains is built on a copy of the database, or on one that the user called disposable, chosen for
the workload as a whole, and run. Only what made it faster is called advice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from perfkit.errors import DatabaseError
from perfkit.explain.advise.advice import Advice, BuildOn, Effect, NotAdvised, Report, Unneeded
from perfkit.explain.advise.candidates import Candidate, propose
from perfkit.explain.advise.catalog import read_book
from perfkit.explain.advise.choose import Ask, Choice, Offer, Weight, choose, remembered
from perfkit.explain.advise.index import Index, name_of
from perfkit.explain.advise.place import Built, NotBuilt, build, left_copies, opened
from perfkit.explain.advise.pricing import building, can_pretend, pretended_bytes, pretending, used_at_all
from perfkit.explain.advise.session import Meter, OutOfTime, Session
from perfkit.explain.advise.unneeded import REPLICAS, prove, suspects
from perfkit.explain.advise.verify import compare
from perfkit.explain.advise.workload import Workload, prepare
from perfkit.explain.advise.writes import measure
from perfkit.explain.runner import Limits, Refused
from perfkit.model import CapturedQuery, NotExplained, QueryPlan

__all__ = ["Wish", "advise"]

MAX_BUILT: Final = 60
WRITE_MS_A_ROW: Final = 0.01  # what a row costs in one more index, until it is measured
UNUSED: Final = "the planner uses it for no statement of the workload"
NOT_CHOSEN: Final = "another index, or none, is better for the workload as a whole"
NOT_TRIED: Final = (
    "not verified: nothing was built; say --build-on copy, or --build-on here if the database may be used up"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user allows. `build_on` None: nothing is built, so nothing is verified."""

    build_on: BuildOn | None = None
    storage_bytes: float = float("inf")
    most: int = 20
    budget_s: float = 300.0
    statement_timeout_s: float = 10.0
    lock_timeout_s: float = 1.0


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
        told = _told(session)
        pool, dismissed = _sifted(session, workload, candidates)
        unneeded = suspects(read_book(session, None))
        if wish.build_on is None:
            report = _estimated(session, workload, pool, wish)
            report = replace(report, unneeded=tuple(unneeded))
    finally:
        session.close()
    if wish.build_on is not None:
        note("copying the database" if wish.build_on == "copy" else "building in the database itself")
        with opened(dsn, wish.build_on, meter, limits) as place:
            report = _tried(place, workload, pool, unneeded, wish, note)
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
    offers = [Offer(one, pretended_bytes(session, one), _write_ms(one, workload)) for one in able]
    ask = remembered(pretending(session, workload.tasks))
    try:
        choice = _choice(workload, offers, ask, wish, session.meter)
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


def _write_ms(index: Index, workload: Workload) -> float:
    return WRITE_MS_A_ROW * sum(
        one.calls
        for one in workload.writes
        if one.table == index.table and (one.kind != "update" or one.columns & {*index.columns, *index.include})
    )


def _choice(workload: Workload, offers: Sequence[Offer], ask: Ask, wish: Wish, meter: Meter) -> Choice:
    indexes = frozenset(one.index for one in offers)
    weights = [
        Weight(task.fingerprint, task.total_ms, frozenset(one for one in indexes if one.table in task.tables))
        for task in workload.tasks
    ]
    for weight in weights:
        if weight.relevant and meter.has_time:  # the best plan of all answers many a question that comes
            ask(weight.fingerprint, weight.relevant)
    return choose(
        weights, offers, ask, storage_bytes=wish.storage_bytes, most=wish.most, has_time=lambda: meter.has_time
    )


def _tried(
    place: Session,
    workload: Workload,
    pool: Sequence[Candidate],
    unneeded: Sequence[Unneeded],
    wish: Wish,
    note: Callable[[str], None],
) -> Report:
    """Build, choose, run."""
    built, refused = _built(place, pool)
    note(f"{len(built)} indexes built; choosing")
    offers = [Offer(one.index, one.bytes, _write_ms(one.index, workload)) for one in built]
    refused += [NotAdvised(one.index, "the time budget was used up before it was built") for one in pool[MAX_BUILT:]]
    try:
        choice = _choice(workload, offers, remembered(building(place, workload.tasks, built)), wish, place.meter)
    except OutOfTime:
        spent = [NotAdvised(one.index, "the time budget was used up before it was tried") for one in built]
        return Report(not_advised=(*refused, *spent), unneeded=tuple(unneeded))
    chosen = [one for one in built if one.index in choice.chosen]
    place.do(*(one.drop for one in built if one not in chosen))
    refused += [NotAdvised(one.index, NOT_CHOSEN) for one in built if one not in chosen]
    note(f"{len(chosen)} indexes chosen; running the workload with and without each")
    advice, failed, kept = _verified(place, workload, chosen, {one.index: one for one in pool})
    note("running the workload with all of them, and without any")
    overall = _overall(place, workload, kept)
    proven = prove(place, unneeded, workload)
    return Report(
        advice=tuple(sorted(advice, key=lambda one: -one.saved_ms)),
        not_advised=(*failed, *refused),
        unneeded=tuple(proven),
        overall=tuple(overall),
        gap=choice.gap,
    )


def _built(place: Session, pool: Sequence[Candidate]) -> tuple[list[Built], list[NotAdvised]]:
    built: list[Built] = []
    refused: list[NotAdvised] = []
    for one in pool[:MAX_BUILT]:
        if not place.meter.has_time:
            refused.append(NotAdvised(one.index, "the time budget was used up before it was built"))
            continue
        try:
            built.append(build(place, one.index))
        except NotBuilt as error:
            refused.append(NotAdvised(one.index, str(error)))
    return built, refused


def _verified(
    place: Session, workload: Workload, chosen: Sequence[Built], candidates: dict[Index, Candidate]
) -> tuple[list[Advice], list[NotAdvised], list[Built]]:
    """Each chosen index against the others without it. One that proves nothing is taken away before the next."""
    advice: list[Advice] = []
    failed: list[NotAdvised] = []
    kept: list[Built] = []
    for one in reversed(chosen):  # what was chosen last gains least
        reason, effects = _effects(place, workload, one)
        if reason is not None:
            failed.append(NotAdvised(one.index, reason))
            place.do(one.drop)
            continue
        kept.append(one)
        updated = frozenset(
            name for write in workload.writes if write.table == one.index.table for name in write.columns
        )
        table = workload.book.tables[one.index.table]
        advice.append(
            Advice(
                index=one.index,
                name=name_of(one.index),
                bytes=one.bytes,
                build_s=one.build_s,
                evidence=candidates[one.index].evidence,
                effects=tuple(sorted(effects, key=lambda effect: -effect.saved_ms)),
                saved_ms=sum(effect.saved_ms for effect in effects if effect.outcome != "same"),
                write=measure(place, one.index, table, updated),
            )
        )
    return advice, failed, kept


def _effects(place: Session, workload: Workload, one: Built) -> tuple[str | None, list[Effect]]:
    """Why it is no advice, or None; and what it does to every statement that touches its table."""
    try:
        effects = [compare(place, task, (one.drop,)) for task in workload.touching(one.index.table)]
    except OutOfTime:
        return "the time budget was used up before every statement that touches its table had run", []
    except Refused as refused:
        return f"a statement could not be run with it: {refused}", []
    return _objection(effects), effects


def _objection(effects: Iterable[Effect]) -> str | None:
    found = list(effects)
    if any(effect.rows == "differ" for effect in found):
        return "a statement returned other rows with it"
    faster = [effect for effect in found if effect.outcome == "faster"]
    if not faster:
        return "no statement got faster beyond noise when it was really there"
    if sum(effect.saved_ms for effect in found if effect.outcome != "same") <= 0:
        return "what it makes slower outweighs what it makes faster"
    return None


def _overall(place: Session, workload: Workload, kept: Sequence[Built]) -> list[Effect]:
    """Every statement that touches a table with advice, without any of it and with all."""
    effects = []
    drops = [one.drop for one in kept]
    for task in workload.tasks:
        if any(one.index.table in task.tables for one in kept):
            try:
                effects.append(compare(place, task, drops))
            except (OutOfTime, Refused):
                break
    return effects
