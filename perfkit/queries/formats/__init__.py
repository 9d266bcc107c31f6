"""The forms in which PostgreSQL writes its log. Knows which there are, not where the log is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perfkit.queries.formats import jsonlog
from perfkit.queries.formats.entry import Format, LogEntry

__all__ = ["FORMATS", "Format", "LogEntry"]

# By the word in `log_destination`; the first that the server writes is read.
FORMATS: Final[Mapping[str, Format]] = {
    "jsonlog": jsonlog,
}
