"""Requests as plain arrays, and what there is of each phase. Knows the columns of Request; reads no file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from perfkit.recorded.columns import Codes, Encoded, Floats, Mask, flags, floats


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Requests, one entry each in every array. Times in ms, sizes in bytes; NaN is missing, and so is a code of -1.

    `response_ms` runs from the intended start to the last byte, `service_ms` and `ttfb_ms` from the actual start.
    `endpoint`, `cache` and `error` are places in `endpoints`, `caches` and `errors` of the Requests that they are of.
    `is_ok` succeeded; `is_timed` succeeded or timed out, which is what latencies are taken over: a timeout was at least
    that slow, while a fast failure is no fast answer.
    """

    intended_at: Floats
    response_ms: Floats
    service_ms: Floats
    ttfb_ms: Floats
    wire_bytes: Floats
    decoded_bytes: Floats
    endpoint: Codes
    cache: Codes
    error: Codes
    is_ok: Mask
    is_timed: Mask

    def __len__(self) -> int:
        return len(self.intended_at)

    def __getitem__(self, chosen: Any) -> Rows:
        """Those at a slice (no copy), at positions, or where a mask is true."""
        return Rows(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Tally:
    """What there is of one phase: all its requests, those without warm-up, and of these the failed ones and those that
    began after they were meant to. When the first began, the first without warm-up (infinite: none), and when the last
    ended, in unix seconds.
    """

    requests: int = 0
    measured: int = 0
    failed: int = 0
    late: int = 0
    started_at: float = math.inf
    measured_at: float = math.inf
    ended_at: float = -math.inf

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.requests + other.requests,
            self.measured + other.measured,
            self.failed + other.failed,
            self.late + other.late,
            min(self.started_at, other.started_at),
            min(self.measured_at, other.measured_at),
            max(self.ended_at, other.ended_at),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Some requests, in chunks that are read as they are asked for, once. `is_exact`: few enough to keep all values."""

    chunks: Iterable[Rows]
    is_exact: bool


def tallied(table: pa.Table, phase: Encoded, is_failed: Mask, intended_at: Floats) -> Iterator[tuple[str, Tally]]:
    """(phase, what there is of it) in a table."""
    started_at, service_s = floats(table.column("started_at")), floats(table.column("service_s"))
    is_measured = ~flags(table.column("is_warmup"))
    for code, name in enumerate(phase.words):
        mine = phase.codes == code
        measured = mine & is_measured
        yield (
            name,
            Tally(
                requests=int(mine.sum()),
                measured=int(measured.sum()),
                failed=int((measured & is_failed).sum()),
                late=int((started_at > intended_at)[measured].sum()),
                started_at=float(started_at[mine].min()),
                measured_at=float(started_at[measured].min(initial=math.inf)),
                ended_at=float((started_at + service_s)[mine].max()),
            ),
        )
