"""A plan out of a file or a paste: EXPLAIN's JSON, or its text format made into the same JSON.

Knows how psql frames a result (`QUERY PLAN`, `+` at line ends, `|` borders, `(9 rows)`), and what auto_explain puts
before a plan. How the text format lays out a tree is in `text_tree`; what a plan means, `plan` knows.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from perfkit.errors import UsageError
from perfkit.explain.text_tree import is_root, read_tree

MAX_CHARACTERS: Final = 20_000_000

_RULER: Final = re.compile(r"^\s*[+|]?-{3,}[-+|]*\s*$|^-\[ RECORD \d+ \]-*$")
_HEADER: Final = re.compile(r"^\s*\|?\s*QUERY PLAN\s*\|?\s*$")
_FOOTER: Final = re.compile(r"^\(\d+ rows?\)$|^Time: [\d.,]+ ms.*$")
_EXPANDED: Final = re.compile(r"^\s*QUERY PLAN \| |^\s{11}\| ")


def document_of(text: str) -> Any:
    """What EXPLAIN (FORMAT JSON) would have returned for the plan in the text.

    Raises:
        UsageError: there is no plan in it, in either format, or it is too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the plan has {len(text):,} characters, more than the {MAX_CHARACTERS:,} that are read")
    lines = _unframed(text.lstrip("\ufeff").expandtabs(8).splitlines())
    if json_text := _json_in(lines):
        return _parsed(json_text)
    start = next((number for number, line in enumerate(lines) if is_root(line)), None)
    if start is None:
        raise UsageError(
            "there is no plan of PostgreSQL in it",
            hint="give what EXPLAIN (ANALYZE, BUFFERS) printed, as text or with FORMAT JSON; not YAML or XML",
        )
    return [read_tree(lines[start:])]


def _unframed(lines: list[str]) -> list[str]:
    """The lines without what psql draws around a result."""
    kept = [line for line in lines if not (_RULER.match(line) or _HEADER.match(line) or _FOOTER.match(line.strip()))]
    return [_bare(line) for line in kept if line.strip()]


def _bare(line: str) -> str:
    found = _EXPANDED.match(line)
    inner = line[found.end() :] if found else line
    if inner.lstrip().startswith("|") and inner.rstrip().endswith("|"):  # \pset border 2
        inner = inner.strip()[1:-1]
    inner = inner.rstrip()
    if inner.endswith("+"):  # psql: the value goes on in the next line
        inner = inner[:-1].rstrip()
    quoted = inner.strip()
    return quoted[1:-1].replace('""', '"') if re.fullmatch(r'"(?:[^"]|"")*"', quoted) and "->" in quoted else inner


def _json_in(lines: list[str]) -> str:
    """From the first line that opens a list or an object to the end; "" where no line does before the plan begins."""
    for number, line in enumerate(lines):
        if line.lstrip()[:1] in ("[", "{"):
            return "\n".join(lines[number:])
        if is_root(line):
            return ""
    return ""


def _parsed(text: str) -> Any:
    try:
        document, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the plan begins like JSON, but is none: {error}") from error
    return document
