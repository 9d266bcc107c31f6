"""Columns of Arrow tables as plain arrays, texts as codes. Knows Arrow's buffers; knows no row class.

Arrow's own way to NumPy imports pandas wherever it is installed, and that is a third of the memory perfkit may take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Mask: TypeAlias = npt.NDArray[np.bool_]


class Vocabulary:
    """Texts in the order in which they were first seen; the code of each is its place."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def codes(self, words: Iterable[str]) -> list[int]:
        """The code of each, a new one for those that were never seen."""
        return [self._codes.setdefault(word, len(self._codes)) for word in words]

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self._codes)


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A column of texts: `codes` are places in `words`, -1 where there is none."""

    codes: Codes
    words: list[str]

    def coded(self, codes: Callable[[list[str]], list[int]]) -> Codes:
        """The same column in the codes of somebody else."""
        return np.array([*codes(self.words), -1], np.int32)[self.codes]

    def counts(self) -> list[int]:
        """How often each of the words occurs."""
        found: list[int] = np.bincount(self.codes[self.codes >= 0], minlength=len(self.words)).tolist()
        return found


def floats(column: pa.ChunkedArray) -> Floats:
    """Numbers; NaN is missing."""
    if column.type != pa.float64():
        column = column.cast(pa.float64())
    return _values(column.fill_null(float("nan")) if column.null_count else column, np.float64)


def flags(column: pa.ChunkedArray) -> Mask:
    """Truths; a missing one is false."""
    return _values(column.cast(pa.uint8()).fill_null(0), np.uint8).astype(bool)


def encoded(column: pa.ChunkedArray) -> Encoded:
    """Texts, each of the different ones once."""
    if column.null_count == len(column):
        return Encoded(np.full(len(column), -1, np.int32), [])
    words = column.combine_chunks().dictionary_encode()
    return Encoded(_values(pa.chunked_array([words.indices.fill_null(-1)]), np.int32), words.dictionary.to_pylist())


def _values(column: pa.ChunkedArray, kind: type[Any]) -> npt.NDArray[Any]:
    """The buffer itself, where it is one: nobody may write into it."""
    array = column.combine_chunks()
    if not len(array):
        return np.empty(0, kind)
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]
