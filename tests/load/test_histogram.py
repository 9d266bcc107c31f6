"""Buckets of equal ratio: any percentile within 0.1 %, however many histograms it came from, in a bounded size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.load.histogram import Histogram
from perfkit.recorded.spread import ERROR
from perfkit.recorded.spread import LEAST as SHORTEST_MS
from perfkit.recorded.spread import MOST as LONGEST_MS

DURATIONS = st.lists(st.floats(SHORTEST_MS, LONGEST_MS), min_size=1, max_size=200)
SHARES = st.sampled_from((0.0, 0.5, 0.95, 0.99, 1.0))


@given(DURATIONS, SHARES)
def test_every_quantile_is_within_its_error(values: list[float], share: float) -> None:
    """Beside the one that numpy interpolates from all values."""
    expected = float(np.quantile(values, share))
    assert Histogram(values).quantile(share) == pytest.approx(expected, rel=ERROR * 1.001)


@given(DURATIONS, DURATIONS, SHARES)
def test_parts_that_were_sent_and_added_are_the_whole(one: list[float], other: list[float], share: float) -> None:
    together = Histogram(one)
    together.add(Histogram.from_bytes(Histogram(other).to_bytes()))
    assert together.quantile(share) == Histogram([*one, *other]).quantile(share)
    assert together.total == len(one) + len(other)


def test_of_nothing_there_is_no_quantile() -> None:
    assert Histogram.from_bytes(Histogram().to_bytes()).quantile(0.5) is None


def test_what_is_out_of_bounds_counts_as_the_bound() -> None:
    histogram = Histogram([0.0, LONGEST_MS * 10])
    assert histogram.quantile(0.0) == pytest.approx(SHORTEST_MS, rel=ERROR * 2)
    assert histogram.quantile(1.0) == pytest.approx(LONGEST_MS, rel=ERROR * 2)


def test_its_size_does_not_grow_with_the_number() -> None:
    """A second at 200,000 requests takes about what one at 2,000 takes; and all buckets at once are a few packets."""
    durations = np.random.default_rng(1).lognormal(3.0, 0.5, 200_000)
    few, many = (len(Histogram(list(durations[:number])).to_bytes()) for number in (2_000, 200_000))
    assert many < 3 * few < 5_000
    everywhere = np.exp(np.linspace(np.log(SHORTEST_MS), np.log(LONGEST_MS), 1_000_000))
    assert len(Histogram(list(everywhere)).to_bytes()) < 30_000
