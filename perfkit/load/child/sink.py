"""Where lean users leave their rows, and the recorder finds them. Knows neither Locust nor HTTP.

`events.request` costs more than the request it tells of, so lean users go past it: they append a finished row here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Row = Sequence[Any]


@dataclass(slots=True)
class Sink:
    """One phase's rows. `append` takes the columns of `Request` in their order, as a tuple, or as a list where a value
    may still be filled in: a body's decoded size, known once somebody reads the body.

    What begins before `measured_at` or after `ended_at` (unix seconds, set when the load starts and ends) is no part of
    any figure: of thousands of users the last is sent away seconds later. `own_listener` is the recorder's own listener
    of `events.request`: who counts listeners does not count that one.
    """

    phase: str
    measured_at: float
    append: Callable[[Row], None]
    own_listener: Callable[..., None] | None = None
    ended_at: float = math.inf


current: Sink | None = None


def install(sink: Sink | None) -> None:
    """Send the rows of this process to `sink`; None: nobody records, so lean users fire Locust's event instead."""
    global current  # noqa: PLW0603 (one process has one recorder; users are made by Locust and can be handed nothing)
    current = sink
