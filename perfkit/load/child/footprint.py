"""What the load child does without, so that it stays small and its users seldom stand still. Knows no load.

Measured with 5,000 users: pandas is 43 MB of which nothing is used; a young collection walks what all of them made
since the last one, 5 to 40 ms several times a second, in which replies lie unread.
"""

from __future__ import annotations

import gc
from typing import Final

_YOUNG: Final = 10_000  # objects more than were let go; Python's own 700 is for programs of one user


def collect_seldom() -> None:
    """What was imported is never walked again; what comes is, but less often."""
    gc.collect()
    gc.freeze()  # else each full collection walks all that was imported: 50 ms in which every user stands still
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
