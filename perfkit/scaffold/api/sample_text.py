"""A string for a schema of type string: by its format, its pattern, its length. Knows no secrets and no examples."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, Final

from perfkit.scaffold import loose
from perfkit.scaffold.api.underivable import UnderivableError

LONGEST: Final = 1_000
LONGEST_PATTERN: Final = 200
_FORMATS: Final = {
    "date": "2025-01-15",
    "date-time": "2025-01-15T09:00:00Z",
    "time": "09:00:00Z",
    "duration": "P1D",
    "email": "user@example.com",
    "idn-email": "user@example.com",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uri-reference": "/example",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "c3RyaW5n",
    "decimal": "1.00",
    "int64": "1",
    "int32": "1",
}
# Short, so that a pattern that tries everything has not much to try.
_CANDIDATES: Final = (
    *("string", "1", "12", "123", "1234", "12345", "123456", "12345678", "a", "ab", "abc", "abcdef", "A", "AB", "ABC"),
    *("ABCDEF", "A1", "AB12", "ABC123", "ABC-123", "AB-1234", "abc123", "abc-def", "Abcdef1!", "1.0", "1.0.0", "1.00"),
    *("2025-01-15", "2025-01", "2025", "09:00", "09:00:00", "+4930123456", "030123456", "a@example.org", "#aabbcc"),
    *("EUR", "DE", "en", "en-US", "true", "/a", "*"),
)


def sample_string(schema: Mapping[str, Any]) -> str:
    """A string that fits format, pattern and length.

    Raises:
        UnderivableError: none of the few that are tried fits, or it would be a file.
    """
    kind = loose.text(schema.get("format"))
    if kind == "binary":
        raise UnderivableError("is a file")
    pattern = loose.text(schema.get("pattern"))
    if kind in _FORMATS and not pattern:
        return _FORMATS[kind]
    least, most = (loose.number(schema.get(key)) for key in ("minLength", "maxLength"))
    if (least or 0) > LONGEST:
        raise UnderivableError(f"is longer than {LONGEST:,} characters")
    if pattern:
        return _matching(pattern, least or 0, most)
    found = "string".ljust(int(max(least or 0, 0)), "x")
    return found[: int(max(most, 0))] if most is not None else found


def _matching(pattern: str, least: float, most: float | None) -> str:
    expression = _compiled(pattern)
    for candidate in _CANDIDATES if expression else ():
        is_long_enough = least <= len(candidate) and (most is None or len(candidate) <= most)
        if expression and is_long_enough and expression.search(candidate):
            return candidate
    raise UnderivableError("must fit a pattern, and has no example")


def _compiled(pattern: str) -> re.Pattern[str] | None:
    if len(pattern) > LONGEST_PATTERN or _is_explosive(pattern):
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):  # JavaScript's expressions are not all Python's
        return None


def _is_explosive(pattern: str) -> bool:
    """Whether a repeated group repeats inside: such an expression may try for years."""
    return bool(re.search(r"[*+}]\??\)[^)]{0,40}[*+{]|\)[*+{][^(]{0,40}\)[*+{]", pattern))
