"""What a command is given: a text by the name of its file, a quantity with its unit."""

from __future__ import annotations

import sys
from pathlib import Path

from perfkit.errors import UsageError


def text_of(name: str) -> str:
    """What stands in it.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        hint = "name a file, or - for standard input"
        raise UsageError(f"{name} cannot be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text") from error


def quantity(option: str, text: str, suffix: str = "s") -> float:
    """An option's value such as "30s" or "500MB", in the unit `suffix`.

    Raises:
        UsageError: it is none.
    """
    from perfkit import units

    try:
        given = units.parse(text, suffix)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    if abs(given) > units.LONGEST.get(suffix, abs(given)):
        raise UsageError(f"{option}: {text!r} is longer than a year")
    return given
