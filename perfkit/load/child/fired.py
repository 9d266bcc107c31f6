"""What a fired `events.request` says, whoever wrote the client that fired it. Knows what the columns of a row can hold.

Custom clients give a perf_counter reading as start_time, a text as exception, a status of their own protocol. A value
that no column holds would end the writing of all rows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

_NUMBERS: Final = (float, int)
_STATUS_LIMIT: Final = 1 << 15
_BYTES_LIMIT: Final = 1 << 62


def started_at(start_time: Any, service_s: float, earliest: float) -> float:
    """Unix seconds: `start_time` where it can be the wall clock's, between `earliest` and now; else reckoned back."""
    now = time.time()
    if isinstance(start_time, _NUMBERS) and earliest <= start_time <= now:
        return float(start_time)
    return now - service_s


def status_of(response: Any) -> int | None:
    """The reply's status code; None where there is none, or one that is no number."""
    status = getattr(response, "status_code", None)
    return int(status) if isinstance(status, int) and 0 < status < _STATUS_LIMIT else None


def headers_of(response: Any) -> Mapping[str, Any] | None:
    """The reply's headers, as HTTP clients keep them; None: it is of something else."""
    headers = getattr(response, "headers", None)
    return headers if isinstance(headers, Mapping) else None


def length_of(response_length: Any) -> int | None:
    """Bytes of the body; None where the client does not say."""
    is_count = isinstance(response_length, _NUMBERS) and 0 <= response_length < _BYTES_LIMIT
    return int(response_length) if is_count else None
