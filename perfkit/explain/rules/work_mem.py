"""How much work_mem a query would want, as SQL. Diagnoses nothing."""

from __future__ import annotations

from typing import Final

MAX_PROPOSED_MB: Final = 512

# On disk a row has no header and no padding: in memory the same rows take two to four times the room.
MEMORY_PER_DISK: Final = 4

FIX: Final = (
    " Else give this query, not the whole server, more work_mem: every such node of every connection may take that"
    " much."
)
UNVERIFIED: Final = " The size is a candidate, not verified."


def work_mem_mb(needed_kb: float) -> int | None:
    """A power of two that holds `needed_kb`; None where that is more than one query should have."""
    wanted = 4
    while wanted * 1024 < needed_kb:
        wanted *= 2
    return wanted if wanted <= MAX_PROPOSED_MB else None


def fix_and_sql(first: str, needed_kb: float) -> tuple[str, str | None]:
    """The fix that begins with `first` and goes on with memory, and its SQL."""
    size = work_mem_mb(needed_kb)
    return first + FIX + (UNVERIFIED if size else ""), f"SET LOCAL work_mem = '{size}MB';" if size else None
