"""Reads the samplers in a thread of its own, each at its period, and appends what they say to a stream on disk."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from perfkit.errors import PerfkitError
from perfkit.model import Sample
from perfkit.recorded.rows import RowWriter

if TYPE_CHECKING:
    from perfkit.samplers import Sampler

FLUSH_S: Final = 1.0
MOST_SHARE: Final = 0.1  # of the time that one sampler may take: a tree of thousands is read less often
FLOOR_READINGS: Final = 3
LATE_PERIODS: Final = 2.0


class Watch:
    """The samples of a run so far, by metric, for the live display; the rest goes to disk.

    `unread`: what could not be read, each reason once, and since when (unix seconds).
    """

    def __init__(self, samplers: Sequence[Sampler], path: Path) -> None:
        self.samplers = samplers
        self._writer = RowWriter(path, Sample)
        self._pending: list[Sample] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._missed = 0
        self.latest: dict[tuple[str, str], float] = {}
        self.failure: OSError | None = None
        self.unread: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="perfkit-watch", daemon=True)

    def _run(self) -> None:
        cost = _Cost()
        due = [time.perf_counter()] * len(self.samplers)
        flush_at = time.perf_counter() + FLUSH_S
        while not self._stop.is_set():
            for position, sampler in enumerate(self.samplers):
                now = time.perf_counter()
                if now < due[position]:
                    continue
                self._note_missed(now - due[position], sampler.period_s)
                self._read(sampler)
                took_s = time.perf_counter() - now
                due[position] = max(due[position] + sampler.period_s, now + took_s / MOST_SHARE)
            if time.perf_counter() >= flush_at:
                flush_at += FLUSH_S
                self.keep("perfkit", {"sampling_cpu_ratio": cost.ratio()})
                self.flush()
            self._stop.wait(max(min([*due, flush_at]) - time.perf_counter(), 0.005))

    def _read(self, sampler: Sampler) -> None:
        try:
            self.keep(sampler.source, dict(sampler.read()))
        except PerfkitError as error:
            self.unread.setdefault(error.message, time.time())

    def _note_missed(self, late_s: float, period_s: float) -> None:
        """A reading that comes more than two periods late stands for readings that never were."""
        if late_s > LATE_PERIODS * period_s:
            self._missed += int(late_s / period_s)
            self.keep("perfkit", {"missed_ticks_count": float(self._missed)})

    def keep(self, source: str, reading: dict[str, float]) -> None:
        """Add one reading, stamped now."""
        at = time.time()
        with self._lock:
            for metric, value in reading.items():
                self.latest[(source, metric)] = value
                self._pending.append(Sample(at, source, metric, value))

    def flush(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, []
        try:
            self._writer.append([(sample.at, sample.source, sample.metric, sample.value) for sample in pending])
        except OSError as error:
            self.failure = error

    def floor(self, settle_s: float, period_s: float, *, source: str = "target") -> float | None:
        """Let the target rest for `settle_s`, then keep the median of three memory readings as `floor_bytes`."""
        readings = []
        for wait_s in (settle_s, *[period_s] * (FLOOR_READINGS - 1)):
            time.sleep(wait_s)
            readings.append(self.latest.get((source, "anon_bytes")))
        if None in readings:
            return None
        floor = statistics.median(reading for reading in readings if reading is not None)
        self.keep(source, {"floor_bytes": floor})
        return floor

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5.0)
        self.flush()
        for sampler in self.samplers:
            with contextlib.suppress(PerfkitError):
                sampler.close()
        with contextlib.suppress(OSError):  # a full disk has been noted already
            self._writer.close()


class _Cost:
    """CPU of this thread per second: what the sampling itself costs."""

    def __init__(self) -> None:
        self._then = time.perf_counter(), time.thread_time()

    def ratio(self) -> float:
        (then, before), self._then = self._then, (time.perf_counter(), time.thread_time())
        return (self._then[1] - before) / max(self._then[0] - then, 1e-9)


@contextlib.contextmanager
def watching(samplers: Sequence[Sampler], path: Path) -> Iterator[Watch]:
    """Sample for as long as the block runs."""
    watch = Watch(samplers, path)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
