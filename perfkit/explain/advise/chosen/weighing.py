"""What the workload as a whole gains by indexes, against what they cost: the choice among those on offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from perfkit.explain.advise.advice import Wish
from perfkit.explain.advise.asked.workload import Workload
from perfkit.explain.advise.chosen.choose import Ask, Choice, Offer, Weight, choose
from perfkit.explain.advise.index import Index
from perfkit.explain.advise.session import Meter

WRITE_MS_A_ROW: Final = 0.01  # what a row costs in one more index, until it is measured


def write_ms(index: Index, workload: Workload) -> float:
    return WRITE_MS_A_ROW * sum(
        one.calls
        for one in workload.writes
        if one.table == index.table and (one.kind != "update" or one.columns & {*index.columns, *index.include})
    )


def choice_of(workload: Workload, offers: Sequence[Offer], ask: Ask, wish: Wish, meter: Meter) -> Choice:
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
