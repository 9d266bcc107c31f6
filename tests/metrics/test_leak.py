"""From the rounds of a leak phase to verdicts and metrics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perfkit.metrics.leak import is_decided, leaks_of
from perfkit.model import PhaseMark, Round, Rounds

MB = 1e6


def a_mark(per_round: dict[str, float], *, rounds: int = 8, limit: float | None = None) -> PhaseMark:
    """A leak phase of 1,000 requests in 10 s a round, in which each figure grows by so much a round, from 100 MB on."""
    extra = {} if limit is None else {"heap_limit_bytes": limit}

    def at_rest(number: int) -> dict[str, float]:
        return {name: 100 * MB + growth * number for name, growth in per_round.items()} | extra

    found = Rounds(
        idle=tuple(at_rest(0) for _ in range(6)),
        rounds=tuple(Round(1000, 10.0, at_rest(number)) for number in range(rounds + 1)),
        cooled=at_rest(rounds),
        is_collected=limit is not None,
    )
    return PhaseMark("leak", 10, 0.0, 0.0, 100.0, rounds=found)


def test_growth_is_told_per_request_and_per_hour() -> None:
    (leak,) = leaks_of(a_mark({"memory_bytes": 2 * MB}))
    assert leak.outcome == "LEAK"
    assert leak.per_request == pytest.approx(2000)
    assert leak.per_hour == pytest.approx(2 * MB * 360)
    assert leak.confidence == "low"  # anonymous memory may hold garbage


def test_the_time_to_the_limit_is_that_of_the_heap() -> None:
    """150 MB are left after eight rounds of 10 s in which 2 MB were added each."""
    heap = next(one for one in leaks_of(a_mark({"heap_bytes": 2 * MB}, limit=266 * MB)) if one.resource == "heap")
    assert heap.limit_s == pytest.approx(150 / 2 * 10)
    assert heap.confidence == "high"


def test_a_flat_heap_in_a_growing_process_is_retained() -> None:
    found = {one.resource: one.outcome for one in leaks_of(a_mark({"memory_bytes": 2 * MB, "heap_bytes": 0.0}))}
    assert found == {"memory": "RETAINED", "heap": "OK"}


def test_files_are_judged_by_the_same_rounds() -> None:
    found = {one.resource: one for one in leaks_of(a_mark({"memory_bytes": 0.0, "fds_count": 500.0}))}
    assert found["fds"].outcome == "OK"  # 0.5 % of 100,000,000 files
    mark = a_mark({"fds_count": 1e6})
    assert leaks_of(mark)[0].outcome == "LEAK"


def test_growth_without_rest_after_each_round_is_no_leak_yet() -> None:
    """The rest after the warm-up rounds but the last is part of no figure."""
    mark = a_mark({"memory_bytes": 2 * MB})
    assert mark.rounds is not None
    busy = [replace(one, has_rested=number != 5) for number, one in enumerate(mark.rounds.rounds)]
    (leak,) = leaks_of(replace(mark, rounds=replace(mark.rounds, rounds=tuple(busy))))
    assert (leak.outcome, "did not come to rest" in leak.reason) == ("INCONCLUSIVE", True)


def test_rounds_without_a_request_give_no_verdict() -> None:
    mark = a_mark({"memory_bytes": 2 * MB})
    assert mark.rounds is not None
    empty = tuple(replace(one, requests=0) for one in mark.rounds.rounds)
    assert leaks_of(replace(mark, rounds=replace(mark.rounds, rounds=empty))) == ()


def test_too_few_rounds_give_no_verdict() -> None:
    assert leaks_of(a_mark({"memory_bytes": 2 * MB}, rounds=3)) == ()


def test_more_rounds_are_wanted_while_a_verdict_is_open() -> None:
    """Growth that slows down may be a cache that fills."""
    steady = a_mark({"memory_bytes": 2 * MB}).rounds
    assert steady is not None
    assert is_decided(steady)
    slowing = [Round(1000, 10.0, {"memory_bytes": value * MB}) for value in (0, 8, 15, 21, 26, 30, 33, 34, 34.7)]
    assert not is_decided(Rounds(steady.idle, tuple(slowing)))


def test_without_rounds_there_are_no_verdicts() -> None:
    assert leaks_of(PhaseMark("load", 10, 0.0, 0.0, 100.0)) == ()
