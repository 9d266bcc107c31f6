"""Columns as arrays, without pandas: whatever is missing, cut or empty."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.recorded.columns import Vocabulary, encoded, flags, floats

SIZES = st.lists(st.integers(1, 4), max_size=4)


def chunked(values: list[object], kind: pa.DataType, sizes: list[int]) -> pa.ChunkedArray:
    """In chunks of these sizes, each cut from a longer array."""
    whole = pa.array([None, *values], kind)
    chunks, start = [], 1
    for size in [*sizes, len(values)]:
        chunks.append(whole[start : start + size])
        start += size
    return pa.chunked_array(chunks, kind)


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(-(2**40), 2**40), max_size=12), SIZES)
def test_numbers_are_floats_and_what_is_missing_is_nan(values: list[object], sizes: list[int]) -> None:
    found = floats(chunked(values, pa.int64(), sizes))
    assert [None if np.isnan(value) else value for value in found] == values


@settings(deadline=None)
@given(st.lists(st.none() | st.booleans(), max_size=12), SIZES)
def test_a_missing_truth_is_false(values: list[object], sizes: list[int]) -> None:
    assert flags(chunked(values, pa.bool_(), sizes)).tolist() == [bool(value) for value in values]


@settings(deadline=None)
@given(st.lists(st.none() | st.sampled_from("abc"), max_size=12), SIZES)
def test_texts_are_codes_in_anybodys_words(values: list[object], sizes: list[int]) -> None:
    words = Vocabulary()
    words.codes(["c"])
    column = encoded(chunked(values, pa.string(), sizes))
    codes = column.coded(words.codes)
    assert [None if code < 0 else words.words[code] for code in codes] == values
    assert dict(zip(column.words, column.counts(), strict=True)) == {
        word: values.count(word) for word in set(values) - {None}
    }
