"""The name under which a request for a page of another size is recorded, and how it is read back. Knows nothing else.

Two rooms must agree on it: the load child, which makes the request, and the attribution, which reads the row.
"""

from __future__ import annotations

import re
from typing import Final

_SCALED: Final = re.compile(r"(?P<endpoint>.+) \(page of (?P<size>\d+)\)", re.DOTALL)


def scaled_name(endpoint: str, size: int) -> str:
    return f"{endpoint} (page of {size})"


def read_scaled_name(name: str) -> tuple[str, int] | None:
    """(endpoint, rows a page), or None where the request was the scenario's own."""
    found = _SCALED.fullmatch(name)
    return (found["endpoint"], int(found["size"])) if found else None
