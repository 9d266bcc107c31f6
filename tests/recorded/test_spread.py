"""Distributions: exact where the values are kept, within 0.1 % where they are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.recorded.spread import ERROR, LEAST, MOST, QUANTILES, Pile, Spread

LOTS = st.lists(st.lists(st.floats(LEAST, MOST), max_size=30), min_size=1, max_size=5)


def spread_of(lots: list[list[float]], *, is_exact: bool) -> Spread | None:
    pile = Pile(is_exact=is_exact)
    for lot in lots:
        pile.add(np.array(lot))
    return pile.spread()


@settings(deadline=None)
@given(LOTS)
def test_what_is_kept_has_the_quantiles_of_all_values(lots: list[list[float]]) -> None:
    """Those that numpy interpolates."""
    values = [value for lot in lots for value in lot]
    found = spread_of(lots, is_exact=True)
    if found is None:
        assert not values
        return
    assert found.quantiles == pytest.approx(np.quantile(values, QUANTILES))
    assert (found.n, found.mean) == (len(values), pytest.approx(np.mean(values)))
    assert (found.least, found.most) == (min(values), max(values))


@settings(deadline=None)
@given(LOTS)
def test_what_is_counted_agrees_with_what_is_kept(lots: list[list[float]]) -> None:
    """Number, mean and both ends to the last digit; every quantile within its error."""
    kept, counted = (spread_of(lots, is_exact=is_exact) for is_exact in (True, False))
    if kept is None or counted is None:
        assert (kept, counted) == (None, None)
        return
    assert (counted.n, counted.mean, counted.least, counted.most) == (kept.n, kept.mean, kept.least, kept.most)
    assert counted.quantiles == pytest.approx(kept.quantiles, rel=ERROR * 1.001)


@pytest.mark.parametrize("is_exact", [True, False])
@settings(deadline=None)
@given(lots=LOTS)
def test_piles_taken_together_are_as_one(lots: list[list[float]], is_exact: bool) -> None:
    together = Pile(is_exact=is_exact)
    piles = [Pile(is_exact=is_exact) for _ in lots]
    for pile, lot in zip(piles, lots, strict=True):
        pile.add(np.array(lot))
    together.take(piles)
    one, whole = together.spread(), spread_of(lots, is_exact=is_exact)
    if one is None or whole is None:
        assert (one, whole) == (None, None)
        return
    assert (one.n, one.least, one.most, one.quantiles.tolist()) == (
        whole.n,
        whole.least,
        whole.most,
        whole.quantiles.tolist(),
    )


def test_a_missing_value_is_left_out() -> None:
    found = spread_of([[1.0, float("nan"), 3.0]], is_exact=True)
    assert found is not None
    assert (found.n, found.at(0.5)) == (2, 2.0)


def test_only_quantiles_of_the_list_are_told() -> None:
    found = spread_of([[1.0]], is_exact=False)
    assert found is not None
    with pytest.raises(KeyError):
        found.at(0.123)
