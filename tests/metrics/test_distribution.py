"""Distributions: quantiles of one endpoint in one phase, dense where it is slow."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.metrics.distribution import QUANTILES, curves
from tests.builders import a_request, a_run


def test_quantiles_are_of_the_raw_rows() -> None:
    """101 requests of 0 to 100 ms: the quantile q is 100 q ms."""
    run = a_run([a_request(ms=float(ms)) for ms in range(101)])
    found = dict(curves(run)["single", "Dashboard Metrics"])
    wanted = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
    assert [found[quantile] for quantile in wanted] == pytest.approx([0, 25, 50, 75, 90, 95, 99, 100])


def test_the_total_is_of_all_endpoints() -> None:
    run = a_run([a_request("A", ms=10), a_request("B", ms=30)])
    assert dict(curves(run)["single", None])[0.5] == pytest.approx(20)


def test_the_tail_ends_where_there_are_no_requests_to_tell_it_by() -> None:
    """Of 50 requests the 99th percentile is a guess between the two longest."""
    run = a_run([a_request(ms=float(ms)) for ms in range(50)])
    found = [quantile for quantile, _ in curves(run)["single", "Dashboard Metrics"]]
    assert found[-2:] == [0.98, 1.0]


@pytest.mark.parametrize(("phase", "endpoint"), [("single", "Nobody"), ("nowhere", None), ("single", "Failing")])
def test_without_a_request_there_is_no_distribution(phase: str, endpoint: str | None) -> None:
    assert (phase, endpoint) not in curves(a_run([a_request("Failing", error="connect")]))


def test_there_are_about_sixty_points() -> None:
    assert (60 <= len(QUANTILES) <= 70, sorted(set(QUANTILES))) == (True, list(QUANTILES))


@settings(max_examples=50, deadline=None)
@given(times=st.lists(st.floats(0.001, 1e5), min_size=1, max_size=200))
def test_quantiles_rise_from_the_shortest_to_the_longest(times: list[float]) -> None:
    pairs = curves(a_run([a_request(ms=ms) for ms in times]))["single", None]
    found = [ms for _, ms in pairs]
    assert (found[0], found[-1]) == pytest.approx((min(times), max(times)))
    assert all(low <= high * (1 + 1e-12) for low, high in pairwise(found))
