"""Candidates built, chosen and run: only what made the workload faster is advice. Knows a place where it may build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from perfkit.explain.advise.advice import Advice, NotAdvised, Report, Unneeded, Wish
from perfkit.explain.advise.applied.steps import script
from perfkit.explain.advise.asked.workload import Workload
from perfkit.explain.advise.chosen.choose import Offer, remembered
from perfkit.explain.advise.chosen.pricing import building
from perfkit.explain.advise.chosen.weighing import choice_of, write_ms
from perfkit.explain.advise.index import Index, name_of
from perfkit.explain.advise.places.place import Built, NotBuilt, build
from perfkit.explain.advise.proposed.candidates import Candidate
from perfkit.explain.advise.proven.unneeded import prove
from perfkit.explain.advise.proven.verify import compare
from perfkit.explain.advise.proven.writes import measure
from perfkit.explain.advise.session import OutOfTime, Session
from perfkit.explain.runner import Refused
from perfkit.model import Effect

MAX_BUILT: Final = 60
NOT_CHOSEN: Final = "another index, or none, is better for the workload as a whole"


def tried(
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
    offers = [Offer(one.index, one.bytes, write_ms(one.index, workload)) for one in built]
    refused += [NotAdvised(one.index, "the time budget was used up before it was built") for one in pool[MAX_BUILT:]]
    try:
        choice = choice_of(workload, offers, remembered(building(place, workload.tasks, built)), wish, place.meter)
    except OutOfTime:
        spent = [NotAdvised(one.index, "the time budget was used up before it was tried") for one in built]
        return Report(not_advised=(*refused, *spent), unneeded=tuple(unneeded))
    chosen = [one for one in built if one.index in choice.chosen]
    place.do(*(one.drop for one in built if one not in chosen))
    refused += [NotAdvised(one.index, NOT_CHOSEN) for one in built if one not in chosen]
    note(f"{len(chosen)} indexes chosen; running the workload with and without each")
    advice, failed, kept = _verified(place, workload, chosen, {one.index: one for one in pool})
    if len(chosen) == 1:  # without it is without any
        overall = [effect for one in advice for effect in one.effects]
    else:
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
                script=script(place.link, one.index, name_of(one.index)),
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
    return objection(effects), effects


def objection(effects: Iterable[Effect]) -> str | None:
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
