"""Student's t: against the printed tables, and against itself."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.judge.student import quantile, tail


@pytest.mark.parametrize(
    ("expected", "freedom"),
    [(12.706, 1), (4.303, 2), (3.182, 3), (2.776, 4), (2.571, 5), (2.447, 6), (2.228, 10), (2.042, 30), (1.984, 100)],
)
def test_the_quantiles_are_those_of_the_tables(expected: float, freedom: int) -> None:
    assert expected == pytest.approx(quantile(0.975, freedom), abs=5e-4)


@pytest.mark.parametrize(("expected", "freedom"), [(0.25, 1), (0.211325, 2), (0.195501, 3), (0.181609, 5)])
def test_the_tail_beyond_one_is_that_of_the_tables(expected: float, freedom: int) -> None:
    assert expected == pytest.approx(tail(1.0, freedom), abs=1e-6)


@given(share=st.floats(0.0005, 0.9995), freedom=st.integers(1, 60))
def test_a_quantile_has_its_share_below_it(share: float, freedom: int) -> None:
    assert 1 - share == pytest.approx(tail(quantile(share, freedom), freedom), abs=1e-9)


@given(t=st.floats(-1e6, 1e6), freedom=st.integers(1, 200))
def test_both_tails_are_all_there_is(t: float, freedom: int) -> None:
    assert tail(t, freedom) + tail(-t, freedom) == pytest.approx(1.0, abs=1e-12)


def test_nothing_lies_beyond_infinity() -> None:
    assert (tail(math.inf, 3), tail(-math.inf, 3)) == (0.0, 1.0)


def test_without_a_degree_of_freedom_there_is_no_distribution() -> None:
    with pytest.raises(ValueError, match="degrees of freedom"):
        tail(1.0, 0)
