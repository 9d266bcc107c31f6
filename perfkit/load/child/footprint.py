"""What the load child does without, so that it stays small and its users seldom stand still. Knows no load.

Measured with 5,000 users: pandas is 43 MB of which nothing is used; a young collection walks what all of them made
since the last one, 5 to 40 ms several times a second, in which replies lie unread.
"""

from __future__ import annotations

import gc
import sys
from importlib.machinery import ModuleSpec
from typing import Final

import pyarrow as pa

_YOUNG: Final = 10_000  # objects more than were let go; Python's own 700 is for programs of one user


def wake_arrow() -> None:
    """Let pyarrow make its first array, at which it imports pandas if there is one; now there is none.

    A scenario may import it all the same, before or after: pyarrow looks again when it is asked for pandas.
    """
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array((), pa.null())
    finally:
        sys.meta_path.remove(absent)


def collect_seldom() -> None:
    """What was imported is never walked again; what comes is, but less often."""
    gc.collect()
    gc.freeze()  # else each full collection walks all that was imported: 50 ms in which every user stands still
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


class _Absent:
    """Finds no pandas."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not for the load child", name=name)
        return None
