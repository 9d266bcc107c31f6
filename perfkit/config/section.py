"""A table of perfkit.toml while it is read: gives typed values and notes what is wrong. Knows no key by name.

A value that is wrong is noted and replaced by its default, so one reading finds all mistakes; whoever started the
reading raises at its end. Keys that nobody asked for are unknown keys.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from perfkit import redact, units
from perfkit.config.places import Place, line_of

_KINDS: Final = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "a table",
}
_UNIT_EXAMPLES: Final = {"s": '"30s"', "ms": '"50ms"', "ratio": '"10%"', "per_s": '"200/s"'}


@dataclass(slots=True)
class Notes:
    """The problems found so far. `lines`: where each key stands; `given`: the options that stood in for keys."""

    file: str
    lines: Mapping[Place, int] = field(default_factory=dict)
    given: Mapping[Place, str] = field(default_factory=dict)
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, place: Place, message: str) -> None:
        option = self.given.get(place)
        key = option or ".".join(part for part in place if isinstance(part, str))
        line = 0 if option else line_of(self.lines, place) or 0
        origin = "command line" if option else f"{self.file}:{line}" if line else self.file
        said = redact.redact_dsn(f"{key}: {message}" if key else message)
        self.found.append((line, f"{origin}: {_printable(said)}"))

    @property
    def problems(self) -> tuple[str, ...]:
        """One line a problem, each once, in the order of the file."""
        return tuple(text for _, text in sorted(dict.fromkeys(self.found), key=lambda problem: problem[0]))


def _printable(text: str) -> str:
    """One line, and nothing in it that moves the cursor of a terminal: keys may hold any character."""
    return "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in text)


def quoted(value: object) -> str:
    """A value as a problem shows it: short, and without the password that an address may have in it."""
    if isinstance(value, list | dict):
        return _KINDS[type(value)]
    shown = redact.redact_dsn(repr(value))
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """`; did you mean 'xyz'?` for the nearest of `known`, else nothing."""
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


class Section:
    """One table: `place` is where it stands. `is_secret` keeps its values out of every message."""

    def __init__(self, values: Mapping[str, Any], place: Place, notes: Notes, *, is_secret: bool = False) -> None:
        self.values = values
        self.place = place
        self.notes = notes
        self.is_secret = is_secret
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self.values

    def note(self, key: str, message: str) -> None:
        self.notes.add((*self.place, key) if key else self.place, message)

    def require(self, *keys: str) -> None:
        for key in keys:
            if key not in self:
                self.note("", f"{key!r} is missing")

    def text(self, key: str, default: str = "") -> str:
        """Text with something in it."""
        value = self._get(key, str)
        if value is not None and not value.strip():
            self.note(key, "is empty")
        return default if value is None else str(value)

    def text_or_none(self, key: str) -> str | None:
        return self.text(key) if key in self else None

    def choice(self, key: str, options: tuple[str, ...]) -> str:
        """One of `options`; the first is the default."""
        value = self.text(key, options[0])
        if value not in options:
            shown = "this value" if self.is_secret else quoted(value)
            self.note(key, f"{shown} is none of {', '.join(options)}{did_you_mean(value, options)}")
            return options[0]
        return value

    def flag(self, key: str) -> bool:
        return bool(self._get(key, bool))

    def whole(self, key: str, default: int, *, at_least: int = 1) -> int:
        value = self._get(key, int)
        if value is not None and not at_least <= value <= 10**9:
            self.note(key, f"must be between {at_least} and {10**9:,}")
        return default if value is None else int(value)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._get(key, list) or []
        if not all(isinstance(word, str) for word in value):
            self.note(key, "must be a list of texts")
            return ()
        return tuple(value)

    def quantity(self, key: str, suffix: str, default: float, *, is_positive: bool = False) -> float:
        """A quantity with its unit ("30s", "50ms", "10%"), in the unit `suffix`; not negative."""
        if key not in self:
            return default
        value = self.values[key]
        if suffix == "ratio" and type(value) in (int, float):
            value = str(value)
        if not isinstance(value, str):
            self.note(key, f"must be text with its unit, such as {_UNIT_EXAMPLES[suffix]}")
            return default
        try:
            number = units.parse(value, suffix)
        except ValueError as error:
            self.note(key, f"must be such as {_UNIT_EXAMPLES[suffix]}" if self.is_secret else str(error))
            return default
        if not math.isfinite(number) or number < 0 or (is_positive and number == 0):
            self.note(key, f"{quoted(value)} must be {'more than zero' if is_positive else 'zero or more'}, and finite")
            return default
        if number > units.LONGEST.get(suffix, math.inf):
            self.note(key, f"{quoted(value)} is longer than a year")
            return default
        return number

    def span(self, key: str, suffix: str) -> tuple[float, float] | None:
        """A quantity, or two from the lesser to the greater ("1s-3s"); None where there is none, or a wrong one."""
        text = self.text_or_none(key)
        if not text:
            return None
        try:
            least, greatest = (units.parse(part, suffix) for part in (text.split("-") if "-" in text else (text, text)))
        except ValueError as error:
            self.note(key, str(error) if "-" not in text else f'{quoted(text)} is not such as "1s-3s"')
            return None
        if least > greatest:
            self.note(key, f"{quoted(text)} ends before it begins")
        return min(least, greatest), max(least, greatest)

    def section(self, key: str, *, is_secret: bool = False) -> Section | None:
        """The table under `key`, None when there is none."""
        value = self._get(key, dict)
        return None if value is None else Section(value, (*self.place, key), self.notes, is_secret=is_secret)

    def section_or_empty(self, key: str) -> Section:
        """The table under `key`; where there is none, one without keys, which then says what it misses."""
        return self.section(key) or Section({}, (*self.place, key), self.notes)

    def sections(self, key: str) -> list[Section]:
        """The array of tables under `key`."""
        value = self._get(key, list, kind=f"tables, each with the header [[{self._header(key)}]]") or []
        tables = []
        for index, item in enumerate(value):
            place = (*self.place, key, index)
            if isinstance(item, dict):
                tables.append(Section(item, place, self.notes))
            else:
                self.notes.add(place, f"must be a table: write [[{self._header(key)}]]")
        return tables

    def finish(self, **hints: str) -> None:
        """Notes the keys that nobody asked for; `hints` say more of some of them."""
        for key in self.values:
            if key not in self._asked:
                near = did_you_mean(key, self._asked) or f"; the keys here are {', '.join(sorted(self._asked))}"
                self.note(key, hints.get(key, f"unknown key{near}"))

    def _header(self, key: str) -> str:
        return ".".join([*(part for part in self.place if isinstance(part, str)), key])

    def _get(self, key: str, wanted: type, *, kind: str | None = None) -> Any:
        """The value under `key` when it has the type `wanted` exactly: true is no number."""
        if key not in self or type(value := self.values[key]) is wanted:
            return self.values.get(key)
        self.note(key, f"must be {kind or _KINDS[wanted]}" + ("" if self.is_secret else f", not {quoted(value)}"))
        return None
