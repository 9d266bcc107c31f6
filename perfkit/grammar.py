"""The grammar of expectations and selectors, the same in perfkit.toml, on the command line and in reports.

Knows how a target is written; knows neither what was measured nor whether it holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from perfkit import units
from perfkit.model import Expectation, Scope

Op = Literal["<", "<=", ">", ">=", "==", "!="]

KEYS: Final = tuple(field.name for field in fields(Scope))
OPS: Final[tuple[Op, ...]] = get_args(Op)
FLAGS: Final = ("optional", "advisory")
EVERY: Final = "*"

_NAME: Final = re.compile(r"[^\s{}<>=!,\"]+")
_KEY: Final = re.compile(r"([A-Za-z_]+)\s*=\s*")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE: Final = re.compile(r"[^,{}\"]*")
_OP: Final = re.compile(r"[<>=!]+")
_WORD: Final = re.compile(r"\S+")
_NEEDS_QUOTES: Final = re.compile(r'[,{}"\\]|^\s|\s$|^$')


class GrammarError(ValueError):
    """A text that the grammar does not know. `position` is the offset in it, `suggestion` what was perhaps meant."""

    def __init__(self, message: str, position: int, suggestion: str | None = None) -> None:
        super().__init__(f"{message}; did you mean {suggestion!r}?" if suggestion else message)
        self.position = position
        self.suggestion = suggestion


def closest(word: str, candidates: Collection[str]) -> str | None:
    """The candidate that a mistyped word most resembles, None if none does."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    near = get_close_matches(word.lower(), sorted(by_lower), n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


@dataclass(slots=True)
class _Cursor:
    """A text and how far it has been read."""

    text: str
    at: int = 0

    def skip_spaces(self) -> _Cursor:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.skip_spaces().at)
        self.at = match.end() if match else self.at
        return match

    def take_text(self, text: str) -> bool:
        is_there = self.text.startswith(text, self.skip_spaces().at)
        self.at += len(text) * is_there
        return is_there

    @property
    def is_done(self) -> bool:
        return self.skip_spaces().at >= len(self.text)


# expectation = select , comparison , [ "for" , quantity ] , { "optional" | "advisory" } ;
# comparison  = op , quantity ;
# op          = "<" | "<=" | ">" | ">=" | "==" | "!=" ;
# quantity    = what units.parse reads in the metric's unit: "200ms", "1m 30s", "2MB", "80%", "200/s", "100" ;


def parse_expectation(text: str, *, metrics: Mapping[str, str], phases: Collection[str], **extras: Any) -> Expectation:
    """An expectation as people write it: `latency.p90{*, concurrent} < 1s for 10s optional`.

    `metrics` are the names that there are; each may be written without its unit. `phases` are the names that a bare
    value may mean. `extras` are further fields of Expectation (priority, milestone, documented, is_optional …).

    Raises:
        GrammarError: it cannot be read; the first mistake, with its place.
    """
    cursor = _Cursor(text)
    metric, select = _select(cursor, metrics, phases)
    op, limit = _comparison(cursor, metric)
    window_s = _quantity(cursor, "s") if _take_word(cursor, "for") else None
    if window_s is not None and window_s <= 0:
        raise GrammarError("the window after 'for' must be longer than 0 s", cursor.at)
    written = {f"is_{flag}": True for flag in _flags(cursor)}
    return Expectation(
        that=text.strip(), metric=metric, select=select, op=op, limit=limit, window_s=window_s, **(extras | written)
    )


def parse_comparison(text: str, metric: str) -> tuple[Op, float]:
    """The right half of an expectation alone: ("<100ms", "latency.avg_ms") → ("<", 100.0).

    Raises:
        GrammarError: it is not an operator and a quantity in the metric's unit.
    """
    cursor = _Cursor(text)
    op, limit = _comparison(cursor, metric)
    if not cursor.is_done:
        raise GrammarError(f"{text[cursor.at :].strip()!r} is too much after the limit", cursor.at)
    return op, limit


def _comparison(cursor: _Cursor, metric: str) -> tuple[Op, float]:
    if (found := cursor.take(_OP)) is None:
        raise GrammarError(f"a comparison is missing: write one of {' '.join(OPS)} and a limit", cursor.at)
    if found[0] not in OPS:
        suggestion = {"=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "!": "!="}.get(found[0])
        raise GrammarError(f"{found[0]!r} is none of {' '.join(OPS)}", found.start(), suggestion)
    start = cursor.skip_spaces().at
    limit = _quantity(cursor, units.suffix_of(metric))
    if limit < 0 and metric.startswith(_NEVER_NEGATIVE):
        raise GrammarError(f"{units.stem_of(metric)} is never below zero", start)
    return found[0], limit


_NEVER_NEGATIVE: Final = tuple(
    f"{family}."
    for family in ("latency", "service", "ttfb", "errors", "throughput", "requests", "payload", "cache", "cpu")
)


def _quantity(cursor: _Cursor, suffix: str) -> float:
    """Reads up to `for`, a flag or the end."""
    start = cursor.skip_spaces().at
    words: list[str] = []
    while not _is_next(cursor, "for", *FLAGS) and (found := cursor.take(_WORD)):
        words.append(found[0])
    if not words:
        raise GrammarError("a quantity is missing", start)
    try:
        return units.parse(" ".join(words), suffix)
    except ValueError as error:
        meant = next(filter(None, (closest(word, ("for", *FLAGS)) for word in words[1:])), None)
        raise GrammarError(str(error), start, meant) from error


def _flags(cursor: _Cursor) -> list[str]:
    flags = []
    while flag := next((flag for flag in FLAGS if _take_word(cursor, flag)), None):
        flags.append(flag)
    if not cursor.is_done:
        rest = cursor.text[cursor.at :].strip()
        raise GrammarError(f"{rest!r} is too much at the end", cursor.at, closest(rest, FLAGS))
    return flags


def _is_next(cursor: _Cursor, *words: str) -> bool:
    found = _WORD.match(cursor.text, cursor.skip_spaces().at)
    return found is not None and found[0] in words


def _take_word(cursor: _Cursor, word: str) -> bool:
    return _is_next(cursor, word) and cursor.take_text(word)


# select   = metric , [ "{" , [ item , { "," , item } ] , "}" ] ;
# metric   = a known name, with or without its unit: "latency.p95_ms" | "latency.p95" ;
# item     = [ key , "=" ] , value ;    (* a value without a key: a phase, if one has that name, else an endpoint *)
# key      = "endpoint" | "phase" | "process" | "query" | "kind" ;
# value    = '"' , { any character, `\"` or `\\` } , '"' | bare ;
# bare     = any characters but , { } " and not at the ends a space ;    (* "*" is every value *)


def parse_select(text: str, *, metrics: Mapping[str, str], phases: Collection[str]) -> tuple[str, dict[str, str]]:
    """A metric and what it is about: "latency.avg{single}" → ("latency.avg_ms", {"phase": "single"}).

    Raises:
        GrammarError: it cannot be read; the first mistake, with its place.
    """
    cursor = _Cursor(text)
    metric, select = _select(cursor, metrics, phases)
    if not cursor.is_done:
        raise GrammarError(f"{text[cursor.at :].strip()!r} is too much after the metric", cursor.at)
    return metric, select


def show_select(metric: str, select: Mapping[str, str]) -> str:
    """The text that parse_select reads back: `latency.avg{endpoint=Dashboard Metrics, phase=single}`."""
    stem = units.stem_of(metric)
    items = ", ".join(f"{key}={_shown(value)}" for key, value in select.items())
    return f"{stem}{{{items}}}" if items else stem


def _shown(value: str) -> str:
    if not _NEEDS_QUOTES.search(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _select(cursor: _Cursor, metrics: Mapping[str, str], phases: Collection[str]) -> tuple[str, dict[str, str]]:
    if (name := cursor.take(_NAME)) is None:
        raise GrammarError("a metric is missing, such as latency.p95", cursor.at)
    metric = _metric(name[0], name.start(), metrics)
    return metric, _items(cursor, phases) if cursor.take_text("{") else {}


def _metric(written: str, position: int, metrics: Mapping[str, str]) -> str:
    fits = [name for name in metrics if written in (name, units.stem_of(name))]
    if written in fits or len(fits) == 1:
        return written if written in fits else fits[0]
    if fits:
        raise GrammarError(f"{written!r} may be {' or '.join(fits)}: write the unit too", position)
    known = {units.stem_of(name) for name in metrics} | set(metrics)
    raise GrammarError(f"there is no metric {written!r}", position, closest(written, known))


def _items(cursor: _Cursor, phases: Collection[str]) -> dict[str, str]:
    """Reads on from after the opening brace to after the closing one."""
    select: dict[str, str] = {}
    while not cursor.take_text("}"):
        position = cursor.at
        key, value = _item(cursor, phases)
        if key in select:
            raise GrammarError(f"{key} is named twice ({select[key]!r} and {value!r})", position)
        select[key] = value
        if not cursor.take_text(",") and not cursor.text.startswith("}", cursor.at):
            raise GrammarError("the selector does not end: '}' or ',' is missing", cursor.at)
    return select


def _item(cursor: _Cursor, phases: Collection[str]) -> tuple[str, str]:
    position = cursor.skip_spaces().at
    key = cursor.take(_KEY)
    if key is not None and key[1] not in KEYS:
        message = f"{key[1]!r} is no key of a selector ({', '.join(KEYS)}); put a value that has a = in it in quotes"
        raise GrammarError(message, position, closest(key[1], KEYS))
    value_position = cursor.skip_spaces().at
    value = _value(cursor)
    if key is None:
        return "phase" if value in phases else "endpoint", value
    if key[1] == "phase" and value != EVERY and phases and value not in phases:
        raise GrammarError(f"there is no phase {value!r}", value_position, closest(value, phases))
    return key[1], value


def _value(cursor: _Cursor) -> str:
    position = cursor.at
    if quoted := cursor.take(_QUOTED):
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)
    if cursor.text.startswith('"', cursor.at):
        raise GrammarError("the quotation mark is not closed", position)
    bare = cursor.take(_BARE)
    value = bare[0].strip() if bare else ""
    if not value:
        raise GrammarError("a value is missing in the selector", position)
    return value
