"""Readings of samplers: all of them where they are few, joined neighbours where they are many, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.model import Sample
from perfkit.recorded.readings import Readings, Samples, read_samples
from tests.builders import START, a_sample, a_stream


def read(samples: Sequence[Sample], **facts: Any) -> Samples:
    return read_samples([a_stream(samples, Sample)], **facts)


def many(values: Sequence[float]) -> list[Sample]:
    return [a_sample("rss_bytes", value, at=at) for at, value in enumerate(values)]


def test_few_readings_are_read_as_they_were_written() -> None:
    found = read([a_sample("rss_bytes", 5.0, at=2), a_sample("rss_bytes", 7.0, at=1), a_sample("load1", 1.0, at=3)])
    readings = found.of("target", "rss_bytes")
    assert (readings.at - START).tolist() == [1.0, 2.0]
    assert (readings.values.tolist(), readings.highest, readings.mean, len(readings)) == ([7.0, 5.0], 7.0, 6.0, 2)
    assert len(found.of("target", "load2")) == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=300), st.integers(2, 20))
def test_of_many_readings_number_mean_and_highest_stay(values: list[float], most: int) -> None:
    readings = read(many(values), most=most).of("target", "rss_bytes")
    assert (len(readings), readings.highest) == (len(values), max(values))
    assert readings.mean == pytest.approx(np.mean(values))
    assert len(readings.at) <= most
    assert (np.diff(readings.at) > 0).all()


def test_readings_of_two_phases_are_never_joined() -> None:
    """However many there are in each: what was read before a phase is no part of it."""
    values = [*[1.0] * 100, *[9.0] * 100]
    readings = read(many(values), edges=[START + 100], most=4).of("target", "rss_bytes")
    assert readings.between(START + 100, START + 200).values.tolist() == [9.0] * 4
    assert len(readings.between(START, START + 99.5)) == 100


def test_what_is_read_at_once_is_one_look_and_perfkits_own_are_none() -> None:
    samples = [
        a_sample("rss_bytes", 1.0, at=1),
        a_sample("cpu_ratio", 1.0, at=1),
        a_sample("load1", 1.0, at=1, source="system"),
        a_sample("rss_bytes", 1.0, at=2),
        a_sample("missed_ticks_count", 3.0, at=3, source="perfkit"),
    ]
    assert read(samples).looks == 3


@settings(deadline=None)
@given(st.lists(st.integers(0, 100), max_size=30), st.integers(0, 100), st.integers(0, 100))
def test_between_takes_both_ends(at: list[int], start: int, end: int) -> None:
    times = np.array(sorted(at), dtype=float)
    readings = Readings(times, times, times, np.ones(len(times)))
    assert readings.between(start, end).at.tolist() == [one for one in times if start <= one <= end]
