"""The forms in which PostgreSQL writes its log. Knows which there are, not where the log is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perfkit.queries.formats import csvlog, jsonlog, stderr
from perfkit.queries.formats.entry import Blocks, Format, LogEntry, Missed
from perfkit.queries.formats.prefix import Prefix, read_prefix

__all__ = ["FORMATS", "Blocks", "Format", "LogEntry", "Missed", "Prefix", "read_prefix"]

# By the word in `log_destination`; the first that the server writes is read: what is parsed without guessing first.
FORMATS: Final[Mapping[str, Format]] = {
    "jsonlog": jsonlog,
    "csvlog": csvlog,
    "stderr": stderr,
}
