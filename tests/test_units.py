"""Units: what people write becomes a number in the metric's unit, and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import units

SUFFIXES = (*units.SUFFIXES, "")


@pytest.mark.parametrize(
    ("name", "suffix", "stem"),
    [
        ("latency.p95_ms", "ms", "latency.p95"),
        ("memory.growth_bytes", "bytes", "memory.growth"),
        ("errors.ratio", "ratio", "errors.ratio"),
        ("throughput.requests_per_s", "per_s", "throughput.requests"),
        ("requests.count", "count", "requests.count"),
        ("system.load1", "", "system.load1"),
        ("latency.items", "", "latency.items"),
        ("odd_", "", "odd_"),
    ],
)
def test_the_unit_is_the_last_word_of_the_name(name: str, suffix: str, stem: str) -> None:
    assert (suffix, stem) == (units.suffix_of(name), units.stem_of(name))


@pytest.mark.parametrize(
    ("expected", "text", "suffix"),
    [
        (200.0, "200ms", "ms"),
        (1000.0, "1 s", "ms"),
        (4400.0, "4,400ms", "ms"),
        (90.0, "1m30s", "s"),
        (90.0, " 1m 30s ", "s"),
        (-90.0, "-1m30s", "s"),
        (5400.0, "1h30m", "s"),
        (19_830_000.0, "+19.83MB", "bytes"),
        (2_097_152.0, "2 MiB", "bytes"),
        (0.8, "80%", "ratio"),
        (0.8, "0.8", "ratio"),
        (0.5, ".5", "ratio"),
        (200.0, "200/s", "per_s"),
        (2.0, "120/min", "per_s"),
        (1000.0, "1k", "count"),
        (2.0, "2.0", ""),
    ],
)
def test_human_text_becomes_the_metrics_unit(expected: float, text: str, suffix: str) -> None:
    assert expected == pytest.approx(units.parse(text, suffix), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("", "ms"),
        ("fast", "ms"),
        ("5", "ms"),
        ("5MB", "ms"),
        ("5 parsecs", "s"),
        ("4,400-8,900ms", "ms"),
        ("1s-2s", "s"),
        ("--5ms", "ms"),
        ("1,5s", "s"),
        ("1,,000", "count"),
        ("1 000", "count"),
        ("5%5", "ratio"),
        ("1MB2kB", "bytes"),
        ("٣", "count"),
        ("²", "count"),
        ("nan", ""),
        ("inf", ""),
        ("9" * 400, "count"),
        ("9" * 3000 + "!", "s"),
    ],
)
def test_what_is_no_quantity_of_the_unit_is_refused(text: str, suffix: str) -> None:
    with pytest.raises(ValueError, match=r"quantity|unit|number"):
        units.parse(text, suffix)


def test_a_wrong_unit_names_those_that_fit() -> None:
    with pytest.raises(ValueError, match="'MB' does not fit; use one of us, µs, ms, s"):
        units.parse("5MB", "ms")


@pytest.mark.parametrize(
    ("expected", "value", "suffix"),
    [
        ("1,065 ms", 1065.2, "ms"),
        ("12.3 ms", 12.34, "ms"),
        ("4.50 µs", 0.0045, "ms"),
        ("12.0 s", 12_000.0, "ms"),
        ("0 ms", 0.0, "ms"),
        ("2m", 119.6, "s"),
        ("-1m 10s", -70.0, "s"),
        ("1h 1s", 3601.0, "s"),
        ("19.8 MB", 19_830_000.0, "bytes"),
        ("-2.00 MB", -2e6, "bytes"),
        ("999 B", 999.0, "bytes"),
        ("83.6%", 0.836, "ratio"),
        ("0.001%", 0.00001, "ratio"),
        ("200/s", 200.0, "per_s"),
        ("12,345", 12345.0, "count"),
        ("5.52", 5.52, ""),
        ("–", math.nan, "ms"),
        ("–", math.nan, "s"),
        ("∞", math.inf, "s"),
        ("-∞", -math.inf, "count"),
    ],
)
def test_a_value_is_shown_as_people_read_it(expected: str, value: float, suffix: str) -> None:
    assert expected == units.show(value, suffix)


def test_a_metrics_value_is_shown_by_the_unit_in_its_name() -> None:
    assert units.show_metric("latency.p95_ms", 412.0) == "412 ms"


@pytest.mark.parametrize(
    ("expected", "name", "value"),
    [
        ("2 MB", "memory.growth_bytes", 2e6),
        ("2.5 MB", "memory.growth_bytes", 2.5e6),
        ("0.1%", "errors.ratio", 0.001),
        ("1.05%", "errors.ratio", 0.0105),
        ("200 ms", "latency.avg_ms", 200.0),
        ("1,000", "requests.count", 1000.0),
        ("0 ms", "latency.avg_ms", 0.0),
    ],
)
def test_a_limit_is_shown_without_idle_zeros(expected: str, name: str, value: float) -> None:
    assert expected == units.show_limit(name, value)


@given(text=st.text(), suffix=st.sampled_from(SUFFIXES))
def test_any_text_is_a_finite_number_or_a_value_error(text: str, suffix: str) -> None:
    try:
        value = units.parse(text, suffix)
    except ValueError:
        return
    assert math.isfinite(value)


@given(value=st.floats(), suffix=st.sampled_from(SUFFIXES))
def test_any_number_can_be_shown(value: float, suffix: str) -> None:
    assert units.show(value, suffix)


@given(value=st.floats(1.0, 9e11), suffix=st.sampled_from(["ms", "bytes", "ratio", "per_s"]))
def test_what_is_shown_is_read_back_within_its_three_digits(value: float, suffix: str) -> None:
    assert units.parse(units.show(value, suffix), suffix) == pytest.approx(
        value, rel=0.006, abs=0.5 * (suffix == "bytes")
    )


@given(value=st.floats(60, 1e7))
def test_a_long_duration_is_read_back_to_the_second(value: float) -> None:
    assert units.parse(units.show(value, "s"), "s") == pytest.approx(value, abs=0.5)


@pytest.mark.parametrize(
    ("number", "words", "shown"),
    [
        (1, ("row",), "1 row"),
        (0, ("row",), "0 rows"),
        (1234.4, ("slow execution",), "1,234 slow executions"),
        (1.0, ("batch", "batches"), "1 batch"),
        (2, ("batch", "batches"), "2 batches"),
    ],
)
def test_one_of_a_thing_is_told_as_one(number: float, words: tuple[str, ...], shown: str) -> None:
    assert units.count(number, *words) == shown
