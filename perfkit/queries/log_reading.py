"""Slow queries out of log files, without a server and without a load: one stream after the other, in bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from perfkit.errors import UsageError
from perfkit.model import CapturedQuery
from perfkit.queries.formats import FORMATS, Missed
from perfkit.queries.language import REMEDY, LanguageWatch
from perfkit.queries.log_files import whole_lines
from perfkit.queries.log_reader import LogReader
from perfkit.queries.log_stream import LogStream, OnProgress, open_stream
from perfkit.queries.methods import Wanted, choose
from perfkit.queries.recognition import HEAD_BYTES, Kind, recognise
from perfkit.queries.tally import Tally
from perfkit.queries.wrappers import WRAPPERS


@dataclass(frozen=True, slots=True)
class ReadLog:
    """What log files tell. `kinds` says of each what it was; `executions` were told in all, slow enough or not.

    `first_at` and `last_at` are times of the log, in its own words; None where it has none.
    """

    queries: tuple[CapturedQuery, ...]
    kinds: tuple[tuple[str, str], ...]
    executions: int
    lines_unparsed: int
    first_at: str | None
    last_at: str | None
    fingerprints: str
    notes: tuple[str, ...]


def read_logs(
    names: Sequence[str],
    *,
    prefix: str | None = None,
    slower_than_ms: float = 0.0,
    fingerprints: Wanted = "auto",
    on_progress: OnProgress | None = None,
) -> ReadLog:
    """The slow queries of log files, which belong together; `-` is standard input.

    `prefix` is the `log_line_prefix` of stderr logs; without it, it is guessed where the file makes it certain.

    Raises:
        UsageError: a file cannot be read, is no log, has an uncertain prefix, or is in another language.
    """
    streams = [open_stream(name) for name in names]
    sizes = [stream.size for stream in streams]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    reader = LogReader(Tally(method=choose(fingerprints)), slower_than_ms)
    kinds, notes, done = [], [], 0
    for stream in streams:
        with closing(stream.file):
            kinds.append((stream.name, _read(stream, reader, prefix, _from(on_progress, done, total))))
        done += stream.size or 0
        if stream.is_cut:
            notes.append(f"{stream.name} ends in the middle of its compression, or is broken: the rest is not counted")
    return ReadLog(
        queries=reader.tally.queries(),
        kinds=tuple(kinds),
        executions=reader.entries,
        lines_unparsed=reader.missed.lines,
        first_at=reader.first_at,
        last_at=reader.last_at,
        fingerprints=reader.tally.method,
        notes=(*notes, *reader.notes()),
    )


def _from(on_progress: OnProgress | None, before: int, total: int | None) -> OnProgress:
    def show(done: int, of: int | None) -> None:
        if on_progress is not None:
            on_progress(before + done, total)

    return show


def _read(stream: LogStream, reader: LogReader, prefix: str | None, on_progress: OnProgress) -> str:
    """Read one log; what kind it was.

    Raises:
        UsageError: see `read_logs`.
    """
    blocks = _with_progress(stream, on_progress)
    head = next(blocks, b"")
    while 0 < len(head) < HEAD_BYTES and (more := next(blocks, b"")):
        head += more
    kind = recognise(head, stream.name, prefix)
    watch = LanguageWatch()
    inside = watch.watched(_unwrapped(itertools.chain([head], blocks), kind, reader.missed))
    before = reader.entries
    reader.read(FORMATS[kind.form].entries(inside, reader.missed, kind.prefix))
    if reader.entries == before and watch.language is not None:
        raise UsageError(f"{stream.name} is in {watch.language}, and only English messages can be read", hint=REMEDY)
    told = [kind.form, f"in {kind.wrapper}" if kind.wrapper else "", repr(kind.prefix.written) if kind.prefix else ""]
    return " ".join(word for word in told if word)


def _with_progress(stream: LogStream, on_progress: OnProgress) -> Iterator[bytes]:
    for block in whole_lines(stream.chunks()):
        yield block
        on_progress(stream.position, None)


def _unwrapped(blocks: Iterable[bytes], kind: Kind, missed: Missed) -> Iterable[bytes]:
    return WRAPPERS[kind.wrapper](blocks, missed) if kind.wrapper else blocks
