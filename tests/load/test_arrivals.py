"""When arrivals are due, for any load that goes in straight lines."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.load.arrivals import Kind, Ramp, expected, ramps, times, value_at

KINDS = st.sampled_from(["constant", "poisson"])
RATES = st.floats(0.0, 300.0).map(lambda rate: round(rate, 3))
LENGTHS = st.floats(0.0, 10.0).map(lambda seconds: round(seconds, 3))
STAGES = st.lists(st.tuples(RATES, LENGTHS), min_size=1, max_size=5)


def whole(load: Sequence[Ramp]) -> float:
    return sum(ramp.over_s for ramp in load)


def test_a_constant_rate_is_evenly_spaced_from_the_start_on() -> None:
    assert list(times(ramps(4.0, 1.0))) == [0.0, 0.25, 0.5, 0.75]


def test_the_count_is_not_one_more_by_rounding() -> None:
    """0.1 times 30 is a little more than 3."""
    assert len(list(times(ramps(0.1, 30.0)))) == 3


def test_a_ramp_is_denser_where_the_rate_is_higher() -> None:
    """From 0 to 8/s in a second: 4 arrivals, the n-th at the root of n/4."""
    assert list(times(ramps(0.0, 1.0, [(8.0, 1.0)]))) == pytest.approx([0.0, 0.5, 0.5**0.5, 0.75**0.5])


def test_a_spike_is_a_stage_without_length() -> None:
    load = ramps(1.0, 0.0, [(1.0, 2.0), (100.0, 0.0), (100.0, 0.1), (1.0, 0.0), (1.0, 2.0)])
    due = list(times(load))
    assert sum(2.0 <= at < 2.1 for at in due) == 10
    assert (len(due), value_at(load, 1.9), value_at(load, 2.05), value_at(load, 4.0)) == (14, 1.0, 100.0, 1.0)


def test_nobody_comes_in_a_pause() -> None:
    due = list(times(ramps(10.0, 0.0, [(10.0, 1.0), (0.0, 0.0), (0.0, 5.0), (10.0, 0.0), (10.0, 1.0)])))
    assert len(due) == 20
    assert not [at for at in due if 1.0 <= at < 6.0]


@given(RATES, STAGES, LENGTHS, LENGTHS)
def test_constant_arrivals_in_any_window_are_the_integral_of_the_rate(
    begin: float, stages: list[tuple[float, float]], one: float, other: float
) -> None:
    """To less than one arrival at each end."""
    load = ramps(begin, 0.0, stages)
    start, end = sorted((min(one, whole(load)), min(other, whole(load))))
    found = sum(start <= at < end for at in times(load))
    assert abs(found - (expected(load, end) - expected(load, start))) <= 1.0 + 1e-6


@given(RATES, STAGES, KINDS, st.integers(0, 9))
def test_arrivals_are_in_order_and_within_the_phase(
    begin: float, stages: list[tuple[float, float]], kind: Kind, seed: int
) -> None:
    load = ramps(begin, 0.0, stages)
    due = list(times(load, kind, seed=seed))
    assert all(before <= after for before, after in pairwise(due))
    assert all(0.0 <= at <= whole(load) for at in due)


@given(RATES, STAGES, KINDS, st.integers(1, 7))
def test_the_arrivals_of_all_workers_together_are_the_whole(
    begin: float, stages: list[tuple[float, float]], kind: Kind, workers: int
) -> None:
    """Each has its share, at its own offset."""
    load = ramps(begin, 0.0, stages)
    shares = [list(times(load, kind, worker=worker, workers=workers)) for worker in range(workers)]
    assert list(heapq.merge(*shares)) == list(times(load, kind))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(0, 1000))
def test_poisson_arrivals_are_as_many_as_chance_allows(seed: int) -> None:
    """The count of 100/s in 10 s has the mean 1,000 and the standard deviation 32: five of them hold for any seed."""
    due = list(times(ramps(100.0, 10.0), "poisson", seed=seed))
    assert abs(len(due) - 1000) < 5 * 1000**0.5
    assert due == list(times(ramps(100.0, 10.0), "poisson", seed=seed))


def test_poisson_gaps_have_the_spread_of_their_mean() -> None:
    """Which is what makes them Poisson: the gaps of constant arrivals have none."""
    due = list(times(ramps(100.0, 100.0), "poisson"))
    gaps = [after - before for before, after in pairwise(due)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(0.01, rel=0.05)
    assert spread == pytest.approx(0.01, rel=0.05)


def test_a_schedule_of_days_begins_at_once() -> None:
    assert list(islice(times(ramps(1e6, 1e6)), 3)) == [0.0, 1e-6, 2e-6]
