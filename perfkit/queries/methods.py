"""By which method statements get their fingerprints: PostgreSQL's own parser where it is installed, else our own.

Fingerprints of two methods never meet: those of the parser have sixteen digits, our own twelve. Which one made those of
a capture is told with it, so that two runs made by different ones are not compared query by query.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from perfkit.errors import UsageError
from perfkit.queries.fingerprint import fingerprint as own
from perfkit.queries.skeleton import skeleton, squashed

Wanted = Literal["auto", "parser", "own"]
OWN: Final = "own"

_MAX_PARSED: Final = 100_000
_LONG: Final = 20_000
_MAX_CACHED: Final = 4_096
_MAX_CACHED_CHARACTERS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Method:
    """`name` says the parser and its version, as a new one may fingerprint differently."""

    name: str
    of: Callable[[str], str]


def choose(wanted: Wanted = "auto") -> Method:
    """The method for a whole capture.

    Raises:
        UsageError: the parser is wanted and not installed.
    """
    if wanted != "own":
        try:
            return _parser()
        except ImportError as error:
            if wanted == "parser":
                raise UsageError(
                    "PostgreSQL's parser is not installed", hint="pip install 'perfkit[parser]'"
                ) from error
    return Method(OWN, own)


def fingerprint(sql: str) -> str:
    """By the method that a capture on this machine takes."""
    return _usual().of(sql)


@cache
def _usual() -> Fingerprinter:
    return Fingerprinter(choose())


def _parser() -> Method:
    """
    Raises:
        ImportError: it is not installed.
    """
    from importlib.metadata import version

    import pgparse

    def of(sql: str) -> str:
        if len(sql) > _MAX_PARSED or "\0" in sql:
            return own(sql)
        try:
            return str(pgparse.fingerprint(sql))
        except (pgparse.PGQueryError, UnicodeError, RecursionError, MemoryError):
            return own(sql)  # SQL that is newer than the parser, cut off, or none

    return Method(f"pgparse {version('pgparse')}", of)


@dataclass(slots=True)
class Fingerprinter:
    """Fingerprints of many statements of which most are alike. Not more than a few thousand are remembered."""

    method: Method
    _of_text: dict[str, str] = field(default_factory=dict)
    _of_skeleton: dict[str, str] = field(default_factory=dict)

    def of(self, sql: str) -> str:
        """What the method says of the statement's skeleton, so that values play no part in any method."""
        known = self._of_text.get(sql)
        if known is None:
            known = self._of_skeleton_of(sql)
            if len(sql) <= _MAX_CACHED_CHARACTERS:
                _remember(self._of_text, sql, known)
        return known

    def _of_skeleton_of(self, sql: str) -> str:
        bare = skeleton(sql)
        if bare is None:
            return self.method.of(sql)
        if len(bare) > _LONG:
            bare = squashed(bare)
        key = bare if len(bare) <= _MAX_CACHED_CHARACTERS else _digest(bare)
        known = self._of_skeleton.get(key)
        if known is None:
            known = self.method.of(bare)
            _remember(self._of_skeleton, key, known)
        return known


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _remember(cache: dict[str, str], key: str, value: str) -> None:
    if len(cache) >= _MAX_CACHED:
        cache.clear()
    cache[key] = value
