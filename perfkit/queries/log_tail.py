"""What has been added to a log since a moment. Knows files that grow and rotate; understands no line but its own mark.

A mark is a line that perfkit has the server write. It proves that these files are the log of that server, and at the
end that everything that was logged before it has been read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from perfkit.queries.log_files import LineCutter, LogFiles

PATIENCE_S: Final = 2.0
_LONGEST_S: Final = 30.0
_POLL_S: Final = 0.05


def find_mark(
    files: LogFiles,
    suffix: str,
    sizes: Mapping[str, int],
    mark: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, int] | None:
    """`sizes` with the file of the mark cut just behind it; None when the mark does not come within PATIENCE_S.

    `sizes` are the sizes of the files before the mark was written: only what is behind them is looked at.
    """
    deadline = clock() + PATIENCE_S
    while True:
        for file in files.listing(suffix):
            start = sizes.get(file.name, 0)
            end = _end_of_mark(files, file.name, start, mark.encode()) if file.size > start else None
            if end is not None:
                return {**sizes, file.name: end}
        if clock() >= deadline:
            return None
        sleep(_POLL_S)


def _end_of_mark(files: LogFiles, name: str, start: int, mark: bytes) -> int | None:
    data = bytearray()
    while chunk := files.read(name, start + len(data)):
        data += chunk
        at = data.find(mark)
        end = data.find(b"\n", at) if at >= 0 else -1
        if end >= 0:
            return start + end + 1
    return None


@dataclass(slots=True)
class Tail:
    """Reads on from `offsets` (bytes); a file that is not in it is new and read from its beginning."""

    files: LogFiles
    suffix: str
    offsets: dict[str, int]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    has_seen_mark: bool = False
    _cutters: dict[str, LineCutter] = field(default_factory=dict)

    def blocks(self, mark: str | None) -> Iterator[bytes]:
        """Blocks of whole lines up to the line of the mark, waiting for it as long as lines keep coming.

        Without a mark, the lines that there are.
        """
        began_at = heard_at = self.clock()
        while True:
            for block in self._pass(mark.encode() if mark else None):
                heard_at = self.clock()
                yield block
            now = self.clock()
            if mark is None or self.has_seen_mark or now - heard_at > PATIENCE_S or now - began_at > _LONGEST_S:
                return
            self.sleep(_POLL_S)

    def _pass(self, mark: bytes | None) -> Iterator[bytes]:
        for file in self.files.listing(self.suffix):
            if file.size < self.offsets.get(file.name, 0):  # the server has begun a file of that name anew
                self.offsets[file.name] = 0
                self._cutters.pop(file.name, None)
            if file.size > self.offsets.get(file.name, 0):
                yield from self._blocks_of(file.name, mark)
            if self.has_seen_mark:
                return

    def _blocks_of(self, name: str, mark: bytes | None) -> Iterator[bytes]:
        cutter = self._cutters.setdefault(name, LineCutter())
        while chunk := self.files.read(name, self.offsets.get(name, 0)):
            self.offsets[name] = self.offsets.get(name, 0) + len(chunk)
            block = cutter.cut(chunk)
            at = block.find(mark) if mark else -1
            if at >= 0:
                self.has_seen_mark = True
                block = block[: block.rfind(b"\n", 0, at) + 1]
            if block:
                yield block
            if self.has_seen_mark:
                return
