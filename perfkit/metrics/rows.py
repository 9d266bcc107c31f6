"""Requests as plain arrays. Knows the columns of Request and which of them make a latency; groups nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.intp]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """A column of few texts: `codes` are positions in `words`, -1 where there is none."""

    codes: Codes
    words: tuple[str, ...]

    def __getitem__(self, chosen: Any) -> Words:
        return Words(self.codes[chosen], self.words)

    def counts(self) -> dict[str, int]:
        """How often each text occurs, without those that do not."""
        numbers = np.bincount(self.codes[self.codes >= 0], minlength=len(self.words))
        return {word: int(number) for word, number in zip(self.words, numbers, strict=True) if number}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Requests, one entry each in every array. Times in ms, sizes in bytes; NaN is missing.

    `response_ms` runs from the intended start to the last byte, `service_ms` and `ttfb_ms` from the actual start.
    `is_ok` succeeded; `is_timed` succeeded or timed out, which is what latencies are taken over: a timeout was at least
    that slow, while a fast failure is no fast answer.
    """

    intended_at: Floats
    response_ms: Floats
    service_ms: Floats
    ttfb_ms: Floats
    wire_bytes: Floats
    decoded_bytes: Floats
    cache: Words
    error: Words
    is_ok: Mask
    is_timed: Mask

    def __len__(self) -> int:
        return len(self.intended_at)

    def __getitem__(self, chosen: Any) -> Rows:
        """Those at a slice (no copy), at positions, or where a mask is true."""
        return Rows(*(getattr(self, name)[chosen] for name in self.__slots__))


def rows_of(requests: pd.DataFrame) -> Rows:
    """The columns of a table of requests, whatever their dtypes; the table may be empty."""
    started_at, intended_at = _floats(requests["started_at"]), _floats(requests["intended_at"])
    service_ms = _floats(requests["service_s"]) * 1e3
    error = words_of(requests["error"])
    is_ok = error.codes < 0
    is_timeout = error.codes == error.words.index("timeout") if "timeout" in error.words else np.zeros_like(is_ok)
    ttfb_ms = _floats(requests["ttfb_s"]) * 1e3
    return Rows(
        intended_at=intended_at,
        response_ms=(started_at - intended_at) * 1e3 + service_ms,
        service_ms=service_ms,
        ttfb_ms=np.where(is_timeout & np.isnan(ttfb_ms), service_ms, ttfb_ms),
        wire_bytes=_floats(requests["wire_bytes"]),
        decoded_bytes=_floats(requests["decoded_bytes"]),
        cache=words_of(requests["cache"]),
        error=error,
        is_ok=is_ok,
        is_timed=is_ok | is_timeout,
    )


def words_of(column: pd.Series[Any]) -> Words:
    """A column of texts, categorical or not, as codes; the texts in their order."""
    codes, found = pd.factorize(column, sort=True)
    return Words(codes, tuple(str(word) for word in found))


def _floats(column: pd.Series[Any]) -> Floats:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
