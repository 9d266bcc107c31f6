"""Indexes that exist and may not be needed: never used, or doing what another does. Drops nothing.

What constraints, the replica identity or CLUSTER need, and what is unique, is never among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from perfkit import units
from perfkit.explain.advise.advice import Unneeded
from perfkit.explain.advise.asked.workload import Workload
from perfkit.explain.advise.book import Book, Held, Table
from perfkit.explain.advise.held import redundant
from perfkit.explain.advise.proven.verify import compare
from perfkit.explain.advise.session import OutOfTime, Session
from perfkit.explain.runner import Refused

REPLICAS: Final = "Replicas were not looked at: an index may be used there alone."
_UNUSED: Final = "no scan has used it since the statistics began"
UNTRIED: Final = "nothing was tried without it"


def suspects(book: Book) -> list[Unneeded]:
    """What the statistics and the definitions say; nothing of it is proven."""
    found = []
    for table in book.tables.values():
        doubled = {one.name: other for one, other in redundant(table.indexes)}
        for held in table.indexes:
            if held.is_bound or (held.is_unique and held.is_valid) or not table.is_plain:
                continue
            because = _because(held, doubled.get(held.name), book)
            if because is not None:
                said = _kept_for(held, table, book) or UNTRIED
                found.append(Unneeded(held.name, table.name, held.bytes, because, False, said))
    return sorted(found, key=lambda one: (one.because.startswith(_UNUSED), -one.bytes))


def _because(held: Held, other: Held | None, book: Book) -> str | None:
    if not held.is_valid:
        return "it is invalid: a build of it failed"
    if other is not None:
        return f"{other.name.name} does all that it does"
    if held.scans == 0:
        return f"{_UNUSED}, {statistics_age(book)}"
    return None


def statistics_age(book: Book) -> str:
    age = "at an unknown time" if book.statistics_age_s is None else f"{units.show(book.statistics_age_s, 's')} ago"
    return age if book.statistics_since is None else f"{age} ({book.statistics_since[:19]})"


def _kept_for(held: Held, table: Table, book: Book) -> str | None:
    """A foreign key that this index alone supports: rows of the other table could not be deleted in time."""
    others = [one for one in table.indexes if one != held and one.is_valid]
    for key in book.foreign_keys:
        is_served = any(_supports(one, key.columns) for one in others)
        if key.table == table.name and _supports(held, key.columns) and not is_served:
            return f"kept: it is the only one that serves the foreign key {key.name}"
    return None


def _supports(held: Held, columns: Sequence[str]) -> bool:
    return {key.column for key in held.keys[: len(columns)]} == set(columns) and held.predicate is None


def prove(session: Session, found: Sequence[Unneeded], workload: Workload) -> list[Unneeded]:
    """The same after the workload has really run without each of them, in a place that is ours.

    What was proven stays away while the next is tried: of two that stand in for each other one is needed.
    """
    told: list[Unneeded] = []
    for one in found:
        gone = [f"DROP INDEX {other.name}" for other in told if other.is_proven]
        told.append(_proven(session, one, workload, gone) if one.said == UNTRIED else one)
    return told


def _proven(session: Session, one: Unneeded, workload: Workload, gone: Sequence[str]) -> Unneeded:
    tasks = workload.touching(one.table)
    if not tasks:
        return _said(one, "no captured statement touches its table, so nothing is proven")
    try:
        effects = [compare(session, task, (), (*gone, f"DROP INDEX {one.name}")) for task in tasks]
    except OutOfTime:
        return _said(one, "the time budget was used up before the workload had run without it")
    except Refused as refused:
        return _said(one, f"a statement could not be run without it: {refused}")
    slower = [effect for effect in effects if effect.outcome == "slower"]
    changed = [effect for effect in effects if effect.rows == "differ"]
    if slower or changed:
        worst = max(effects, key=lambda effect: effect.ratio)
        said = f"needed: without it a statement takes {worst.ratio:.1f} times as long" if slower else "other rows came"
        return Unneeded(one.name, one.table, one.bytes, one.because, False, said, tuple(effects))
    said = f"{len(effects)} statements that touch its table ran as fast without it"
    return Unneeded(one.name, one.table, one.bytes, one.because, True, said, tuple(effects))


def _said(one: Unneeded, said: str) -> Unneeded:
    return Unneeded(one.name, one.table, one.bytes, one.because, False, said)
