"""End when the parent is gone. It holds the other end of standard input, which the kernel closes with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final

CHUNK: Final = 4096


def watch_lifeline(on_end: Callable[[], None], descriptor: int = 0) -> None:
    """Call `on_end`, in a thread of its own, when nobody holds the other end of `descriptor` any more."""

    def wait() -> None:
        while os.read(descriptor, CHUNK):
            pass
        on_end()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
