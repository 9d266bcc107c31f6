"""Blocks of two runs: the ratio, its interval, and how often that is right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.judge.bootstrap import Block, Estimate, compare_blocks, holm, stretch


def evenly(*values: float) -> list[Block]:
    return [(value, 1.0) for value in values]


def test_the_ratio_is_of_the_means_weighted_by_requests() -> None:
    """Base (10·1 + 20·3) / 4 = 17.5, head 35: twice as much."""
    base = [(10.0, 1.0), (20.0, 3.0)] * 2
    estimate = compare_blocks(base, evenly(35, 35, 35, 35))
    assert estimate is not None
    assert estimate.log_ratio == pytest.approx(math.log(2))


def test_blocks_without_spread_leave_no_doubt() -> None:
    """A test that cannot be made for want of variance would hide the clearest change of all."""
    estimate = compare_blocks(evenly(10, 10, 10, 10), evenly(15, 15, 15, 15))
    assert estimate is not None
    assert (estimate.error, estimate.p_above(math.log(1.1)), estimate.p_below(0.0)) == (0.0, 0.0, 1.0)


def test_the_same_blocks_always_give_the_same_interval() -> None:
    blocks = evenly(10, 12, 9, 11, 14, 8), evenly(13, 12, 16, 15, 11, 12)
    assert compare_blocks(*blocks) == compare_blocks(*blocks)


def test_base_and_head_are_drawn_apart() -> None:
    """Else equal series would seem to differ by exactly nothing."""
    blocks = evenly(10, 12, 9, 11, 14, 8)
    estimate = compare_blocks(blocks, blocks)
    assert estimate is not None
    assert estimate.error > 0.05


def test_fewer_than_four_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="3 blocks"):
        compare_blocks(evenly(1, 2, 3), evenly(1, 2, 3, 4))


def test_from_nothing_there_is_no_ratio() -> None:
    assert compare_blocks(evenly(0, 0, 0, 0), evenly(1, 2, 3, 4)) is None


def test_blocks_in_which_nothing_was_done_are_blocks_too() -> None:
    estimate = compare_blocks(evenly(0, 0, 5, 0, 5, 0), evenly(100, 102, 99, 101, 100, 98))
    assert estimate is not None
    assert estimate.interval()[0] > 0


@pytest.mark.parametrize(("length", "count"), [(2, 4), (2, 8), (3, 12), (6, 40)])
def test_neighbouring_blocks_are_drawn_together(length: int, count: int) -> None:
    assert length == stretch(count)


def test_slow_swings_widen_the_interval() -> None:
    """The same values, in turn or in two long swings: neighbours that are alike tell less."""
    turns, swings = evenly(*[9, 11] * 8), evenly(*[9] * 8, *[11] * 8)
    flat = evenly(*[10] * 16)
    in_turn, in_swings = compare_blocks(flat, turns), compare_blocks(flat, swings)
    assert in_turn is not None
    assert in_swings is not None
    assert in_swings.error > 3 * in_turn.error


@settings(deadline=None)
@given(
    values=st.lists(st.floats(1, 1000), min_size=4, max_size=20),
    factor=st.floats(0.1, 10),
)
def test_a_change_of_unit_changes_no_judgement(values: list[float], factor: float) -> None:
    base, head = evenly(*values), evenly(*reversed(values))
    plain = compare_blocks(base, head)
    scaled = compare_blocks([(v * factor, w) for v, w in base], [(v * factor, w) for v, w in head])
    assert plain is not None
    assert scaled is not None
    assert plain.interval() == pytest.approx(scaled.interval(), abs=1e-9)


@given(log_ratio=st.floats(-3, 3), error=st.floats(1e-3, 2), freedom=st.integers(1, 40), threshold=st.floats(-3, 3))
def test_the_interval_and_the_p_value_tell_the_same(
    log_ratio: float, error: float, freedom: int, threshold: float
) -> None:
    estimate = Estimate(log_ratio, error, freedom)
    low, high = estimate.interval()
    is_clear = min(abs(low - threshold), abs(high - threshold)) > 1e-6
    assert not is_clear or (low > threshold) == (estimate.p_above(threshold) < 0.025)
    assert not is_clear or (high < threshold) == (estimate.p_below(threshold) < 0.025)


def noise(random: np.random.Generator, count: int, likeness: float) -> list[Block]:
    """Block means of about 100 ms with a spread of 10 %, each like the one before to this degree."""
    swing = random.normal()
    logs = []
    for _ in range(count):
        swing = likeness * swing + math.sqrt(1 - likeness**2) * random.normal()
        logs.append(0.1 * swing)
    return evenly(*(100 * np.exp(logs)))


@pytest.mark.parametrize(("count", "likeness", "least"), [(8, 0.0, 0.94), (12, 0.3, 0.92), (24, 0.3, 0.90)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(count: int, likeness: float, least: float) -> None:
    """300 comparisons of nothing with nothing. With autocorrelation a little less often than 95 %, and no less."""
    random = np.random.default_rng(count)
    estimates = (compare_blocks(noise(random, count, likeness), noise(random, count, likeness)) for _ in range(300))
    intervals = [estimate.interval() for estimate in estimates if estimate]
    assert sum(low <= 0 <= high for low, high in intervals) / 300 >= least


def test_holm_is_worked_out_by_hand() -> None:
    """Sorted 0.01, 0.015, 0.03, 0.04 against 0.0125, 0.0167, 0.025, 0.05: the third stands, so the last does too."""
    assert holm([0.01, 0.04, 0.03, 0.015]) == [True, False, False, True]


def test_holm_of_nothing_is_nothing() -> None:
    assert holm([]) == []


@given(p_values=st.lists(st.floats(0, 1), max_size=30))
def test_holm_lies_between_bonferroni_and_no_correction(p_values: list[float]) -> None:
    falls = holm(p_values)
    assert all(fall for p, fall in zip(p_values, falls, strict=True) if p <= 0.05 / len(p_values))
    assert not any(fall for p, fall in zip(p_values, falls, strict=True) if p > 0.05)
