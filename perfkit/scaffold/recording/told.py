"""Which values a reply tells that later requests need, and where in the reply they stand.

Knows JSON, HTML, headers and cookies. Looks for the wanted values only, in one pass over the text, so that a recording
of 50 MB costs no more than its reading.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

from perfkit.scaffold.names import words_of
from perfkit.scaffold.recording.exchange import Exchange

_TOKEN: Final = re.compile(r"[\w.~-]{6,}")
_QUOTED: Final = re.compile(r"[=:]\s{0,5}(?:\"([^\"<>\r\n]{6,4096})\"|'([^'<>\r\n]{6,4096})')")
_LINK: Final = re.compile(r"/[\w.~%/-]{2,2000}")
_ID_WORDS: Final = frozenset({"id", "ids", "uuid", "guid", "key", "pk", "number", "no", "code", "ref", "slug", "oid"})
_DELIMITERS: Final = "\"'<>&;,) \t\r\n"
_TAG: Final = 160
_NEAR: Final = 30
_OFTEN: Final = 5  # places of one value in one reply that are looked at
_LONGEST_ID: Final = 256  # bits
_MATCHES: Final = 200  # of tokens in one text


Path = tuple[Any, ...]


@dataclass(slots=True)
class Wanted:
    """Values of requests that a reply may have told before, and paths that end in a number ("/customers/17")."""

    values: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Told:
    """A wanted value in a reply. `words` are the words around it: those of its keys, and of the reply's own address."""

    value: str
    kind: Literal["json", "text", "header", "cookie"]
    where: str
    words: frozenset[str]
    label: str
    pattern: str = ""
    is_number: bool = False
    is_id: bool = False


def is_id_like(key: str) -> bool:
    return not _ID_WORDS.isdisjoint(words_of(key[:100]))


def stems(key: str) -> frozenset[str]:
    """What a key speaks of: "customerIds" and "customers" speak of a customer."""
    return frozenset(_singular(word) for word in words_of(key[:200]) if word not in _ID_WORDS)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def told_by(exchange: Exchange, wanted: Wanted) -> Iterator[Told]:
    """All wanted values of a reply, in no order; one may come several times."""
    around = stems(exchange.url.path) if exchange.url else frozenset()
    yield from _in_headers(exchange, wanted)
    text = exchange.reply
    if not text:
        return
    if "json" in exchange.reply_mime or text.lstrip()[:1] in ("{", "["):
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError):
            tree = None
        if tree is not None:
            yield from _in_json(tree, wanted, around)
            return
    yield from _in_text(text, wanted)
    yield from _links_in(text, wanted)


def _in_headers(exchange: Exchange, wanted: Wanted) -> Iterator[Told]:
    for name, value in exchange.reply_headers:
        lower = name.lower()
        if lower == "set-cookie":
            cookie, _, rest = value.partition("=")
            found = unquote(rest.partition(";")[0])
            if found in wanted.values:
                yield Told(found, "cookie", cookie.strip(), stems(cookie), cookie.strip())
        elif lower in ("location", "content-location"):
            yield from _in_location(name, value, wanted)
        elif value in wanted.values:
            yield Told(value, "header", name, stems(name), name)


def _in_location(name: str, value: str, wanted: Wanted) -> Iterator[Told]:
    try:
        path = urlsplit(value).path
    except ValueError:
        return
    segments = path.split("/")
    for at, segment in enumerate(segments[1:], 1):
        if unquote(segment) in wanted.values:
            before = "/".join(segments[:at])
            pattern = _escaped(before) + "/([^/?#;]+)"
            is_id = segment.isdigit()
            yield Told(unquote(segment), "header", name, stems(before), _id_of(before), pattern, is_id=is_id)


def _id_of(path: str) -> str:
    """What an id at the end of a path is called: "/api/orders" has order ids."""
    return " ".join([*map(_singular, words_of(path.rpartition("/")[2])), "id"])


def _in_json(tree: Any, wanted: Wanted, around: frozenset[str]) -> Iterator[Told]:
    seen: Counter[str] = Counter()
    for value, path in _leaves(tree):
        if isinstance(value, int) and value.bit_length() > _LONGEST_ID:
            continue
        word = str(value)
        if word not in wanted.values or seen[word] >= _OFTEN:
            continue
        if not word.isdigit() or is_id_like(_last_name(path)):
            seen[word] += 1
            yield _at(value, path, around)


def _leaves(tree: Any) -> Iterator[tuple[str | int, Path]]:
    """Strings and whole numbers in the order of the document, however deep. A path is (its parent's path, key)."""
    walks = [iter([(tree, ())])]
    while walks:
        for value, path in walks[-1]:
            if isinstance(value, dict | list):
                walks.append(_children(value, path))
                break
            if isinstance(value, str | int) and not isinstance(value, bool):
                yield value, path
        else:
            walks.pop()


def _children(value: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return ((item, (path, key)) for key, item in entries)


def _last_name(path: Path) -> str:
    while path and not isinstance(path[1], str):
        path = path[0]
    return path[1] if path else ""


def _at(value: str | int, path: Path, around: frozenset[str]) -> Told:
    keys: list[str | int] = []
    while path:
        path, key = path
        keys.insert(0, key)
    pointer = "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
    named = [key for key in keys if isinstance(key, str)]
    words = frozenset(word for key in named for word in stems(key))
    label = named[-1] if named else "value"
    return Told(
        str(value),
        "json",
        pointer,
        words | around if not stems(label) else words,
        label,
        is_number=isinstance(value, int),
        is_id=is_id_like(label),
    )


def _in_text(text: str, wanted: Wanted) -> Iterator[Told]:
    """Tokens of HTML, scripts and anything else: each is found again by what stands before it."""
    seen: Counter[str] = Counter()
    for start, end in _tokens_in(text):
        value = html.unescape(text[start:end])
        if value in wanted.values and seen[value] < _OFTEN and seen.total() < _MATCHES:
            seen[value] += 1
            yield from _matched(text, start, end)


def _tokens_in(text: str) -> Iterator[tuple[int, int]]:
    yield from (found.span(1 if found[1] is not None else 2) for found in _QUOTED.finditer(text))
    yield from (found.span() for found in _TOKEN.finditer(text))


def _matched(text: str, start: int, end: int) -> Iterator[Told]:
    value = html.unescape(text[start:end])
    for pattern in _patterns(text, start, end):
        again = re.search(pattern, text)
        if again and again[1] == text[start:end]:
            label = _label(text[max(start - _TAG, 0) : start])
            yield Told(value, "text", pattern, stems(label), label)
            return


def _patterns(text: str, start: int, end: int) -> Iterator[str]:
    """The tag before the value; with what follows it in the tag; a few characters before; many characters before."""
    last = text[end : end + 1]
    value = f"([^{re.escape(last)}]+)" if last and last in _DELIMITERS else r"([\w.~%+/=-]+)"
    line = text[max(text.rfind("\n", 0, start) + 1, start - _TAG) : start]
    tag = line[line.rfind("<") :] if "<" in line and ">" not in line[line.rfind("<") :] else ""
    if tag:
        yield _escaped(tag) + value
        rest = text[end : end + _TAG].partition(">")[0].partition("\n")[0]
        yield _escaped(tag) + value + _escaped(rest)
    yield from (_escaped(line[-length:]) + value for length in (_NEAR, _TAG) if line)


def _escaped(text: str) -> str:
    """As re.escape does, but only what has a meaning: a person will read it."""
    return re.sub(r"[\\.^$*+?{}\[\]|()]", r"\\\g<0>", text)


def _label(before: str) -> str:
    """The name in a tag or the key before a value: `name="csrf_token" value="` is csrf_token."""
    tag = before[before.rfind("<") + 1 :]
    if named := re.search(r"(?:name|id)\s*=\s*[\"']?([\w.-]+)", tag):
        return named[1]
    words = re.findall(r"[A-Za-z][\w.-]{0,60}", tag)
    return words[-1] if words else "value"


def _links_in(text: str, wanted: Wanted) -> Iterator[Told]:
    """Wanted paths that end in a number: the first link of that form is as good as the one that was followed."""
    if not wanted.links:
        return
    seen: set[str] = set()
    for found in _LINK.finditer(text):
        path = found[0] if not found[0].startswith("//") else "/" + found[0][2:].partition("/")[2]
        segments = path.split("/")
        for at, segment in enumerate(segments[1:], 1):
            if not segment.isdigit() or (link := "/".join(segments[: at + 1])) in seen or link not in wanted.links:
                continue
            seen.add(link)
            before = "/".join(segments[:at])
            pattern = _escaped(before) + r"/(\d+)"
            yield Told(link, "text", pattern, stems(before), _id_of(before), is_id=True)
