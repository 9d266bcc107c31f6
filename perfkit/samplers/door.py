"""What every runtime's door to its heap offers. Knows no runtime; opens nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from perfkit.samplers.snapshot import Summary

T = TypeVar("T")

COLLECTIONS: Final = 2  # what the first one frees may have held what the second one finds
_LOOK_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class HeapFigures:
    """What a runtime says of its memory, in bytes; None is what it does not tell.

    `external_bytes` lies outside `used_bytes` and outside `limit_bytes`: Node's Buffers, the metaspace of a JVM.
    `blocks` are CPython's allocated blocks: a count, of no certain size.
    """

    used_bytes: float | None = None
    external_bytes: float | None = None
    limit_bytes: float | None = None
    blocks: float | None = None


class Door(Protocol):
    """A session with one process. What it cannot answer is a `TargetError`."""

    @property
    def pid(self) -> int: ...

    def heap(self) -> HeapFigures:
        """As it is now: cheap enough to be asked every second, under load."""
        ...

    def clean_heap(self) -> HeapFigures:
        """After garbage was collected. The application stands still for it, so only between loads."""
        ...

    def contents(self) -> Summary:
        """What the heap holds. The application stands still for it, too."""
        ...

    def close(self) -> None: ...


def wait_until(look: Callable[[], T], limit_s: float) -> T | None:
    """What `look` finds, as soon as that is something; None when it is nothing until the limit."""
    deadline = time.monotonic() + limit_s
    while not (found := look()):
        if time.monotonic() >= deadline:
            return None
        time.sleep(_LOOK_S)
    return found
