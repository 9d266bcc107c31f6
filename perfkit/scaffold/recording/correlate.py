"""A recording → a journey: values that an earlier reply told are taken from the reply at run time.

Knows what may be such a value (ids, tokens) and which of several places is meant; where values stand in a reply is
told.py's. Two passes over the requests: what would they need to be told, and then, was it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from perfkit.scaffold.names import identifier
from perfkit.scaffold.recording import told
from perfkit.scaffold.recording.exchange import Exchange
from perfkit.scaffold.recording.told import Told, Wanted, is_id_like, stems
from perfkit.scaffold.script import Body, Extract, Step, Text, Use
from perfkit.scaffold.secrecy.vault import is_secret_key

LONGEST: Final = 4_096
_KEPT: Final = 8  # places of a value that are remembered
_SHORT: Final = 6
_NO_TOKEN: Final = re.compile(
    r"\d{4}-\d{2}(-\d{2}.*)?|\d{1,2}[.:/]\d{1,2}([.:/]\d+)?|[\d.,+-]*[.,][\d.,]*|.*[@\s].*|.*://.*|[a-z]+/[a-z].*",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_WORDS: Final = re.compile(r"[A-Za-z]+([ _.-][A-Za-z]+)*")
_SCHEME: Final = re.compile(r"[A-Za-z]+\s+")

# (value, its key, the path up to it or "", whether it is a number) → what stands in its place, or None
Swap = Callable[[str, str, str, bool], Use | None]


def correlated(steps: Sequence[Step], exchanges: Sequence[Exchange]) -> tuple[Step, ...]:
    """The steps (literal, one for each exchange) with holes for what earlier replies tell, and what to take there."""
    wanted = Wanted()
    for step in steps:
        _swapped(step, lambda *value: _want(wanted, *value))
    memory = _Memory()
    linked: list[Step] = []
    for at, (step, exchange) in enumerate(zip(steps, exchanges, strict=True)):
        linked.append(_swapped(step, memory.recall))
        for found in told.told_by(exchange, wanted):
            memory.keep(at, found)
    return tuple(replace(step, extracts=tuple(memory.extracts[at])) for at, step in enumerate(linked))


def _want(wanted: Wanted, value: str, key: str, link: str, is_number: bool) -> None:
    if link:
        wanted.links.add(link)
    if _may_be_told(value, key, link):
        wanted.values.add(value)


def _may_be_told(value: str, key: str, link: str) -> bool:
    if not value or len(value) > LONGEST:
        return False
    if value.isdigit():
        return bool(link) or is_id_like(key)
    return len(value) >= _SHORT and (is_secret_key(key) or _is_token(value))


def _is_token(value: str) -> bool:
    """Whether it looks made by a machine: digits among letters, or long and not words; no date, no decimal."""
    if _NO_TOKEN.fullmatch(value):
        return False
    return any(letter.isdigit() for letter in value) or (len(value) >= 16 and not _PLAIN_WORDS.fullmatch(value))


@dataclass(slots=True)
class _Memory:
    """What the replies so far told, and what of it was needed: `extracts` by the number of the step."""

    told: dict[str, list[tuple[int, Told]]] = field(default_factory=lambda: defaultdict(list))
    extracts: dict[int, list[Extract]] = field(default_factory=lambda: defaultdict(list))
    names: dict[tuple[int, str, str, str], str] = field(default_factory=dict)

    def keep(self, at: int, found: Told) -> None:
        places = self.told[found.value]
        places.append((at, found))
        del places[:-_KEPT]

    def recall(self, value: str, key: str, link: str, is_number: bool) -> Use | None:
        if not _may_be_told(value, key, link):
            return None
        about = stems(key) | (stems(link.rpartition("/")[0].rpartition("/")[2]) if link else frozenset())
        places = [*self.told.get(value, ()), *(self.told.get(link, ()) if link else ())]
        fitting = [(at, found) for at, found in places if _fits(value, key, about, found)]
        if not fitting:
            return None
        at, best = max(fitting, key=lambda place: self._worth(place, about))
        return Use(self._name(at, best, about), "found", is_number=is_number and not best.is_number)

    def _worth(self, place: tuple[int, Told], about: frozenset[str]) -> tuple[bool, bool, bool, int]:
        """The same thing before any thing; what is taken already before what would have to be; the latest."""
        at, found = place
        is_taken = (at, found.kind, found.where, found.pattern) in self.names
        return bool(about & found.words), found.is_id, is_taken, at

    def _name(self, at: int, found: Told, about: frozenset[str]) -> str:
        key = (at, found.kind, found.where, found.pattern)
        if key not in self.names:
            label = found.label if stems(found.label) else " ".join([*sorted(about), found.label])
            self.names[key] = name = identifier(label, set(self.names.values()))
            self.extracts[at].append(Extract(name, found.kind, found.where, found.pattern))
        return self.names[key]


def _fits(value: str, key: str, about: frozenset[str], found: Told) -> bool:
    """A short number may be anything: it must be an id of the same thing. A long one must be an id, a token is one."""
    if not value.isdigit():
        return True
    is_same_thing = bool(about & found.words)
    return found.is_id and (is_same_thing or (len(value) >= _SHORT and (is_id_like(key) or not about)))


def _swapped(step: Step, swap: Swap) -> Step:
    return replace(
        step,
        address=_in_address(step.address, swap),
        headers=tuple((name, _in_header(name, text, swap)) for name, text in step.headers),
        body=step.body and _in_body(step.body, swap),
    )


def _in_address(address: Text, swap: Swap) -> Text:
    path, mark, query = str(address.parts[0]).partition("?")
    segments = path.split("/")
    parts: list[str | Use] = []
    for at, segment in enumerate(segments[1:], 1):
        value = unquote(segment)
        link = "/".join(segments[: at + 1]) if segment.isdigit() else ""
        use = swap(value, segments[at - 1], link, False) if value else None
        parts += ["/", segment if use is None else use]
    parts.append(mark)
    for at, pair in enumerate(query.split("&") if mark else ()):
        key, equals, value = pair.partition("=")
        use = swap(unquote_plus(value), unquote_plus(key), "", False) if value else None
        parts += ["&" if at else "", key, equals, value if use is None else use]
    return _joined(parts)


def _joined(parts: Sequence[str | Use]) -> Text:
    """Literal neighbours become one."""
    joined: list[str | Use] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return Text(tuple(joined))


def _in_header(name: str, text: Text, swap: Swap) -> Text:
    value = str(text.parts[0]) if text.parts else ""
    if not is_secret_key(name) and not name.lower().startswith(("x-", "if-match")):
        return text
    scheme = found[0] if is_secret_key(name) and (found := _SCHEME.match(value)) else ""
    use = swap(value[len(scheme) :], name, "", False)
    return text if use is None else _joined([scheme, use])


def _in_body(body: Body, swap: Swap) -> Body:
    match body.kind:
        case "json":
            return Body("json", _in_tree("", body.value, swap))
        case "form":
            return Body("form", tuple((key, _in_field(key, text, swap)) for key, text in body.value))
    return body


def _in_field(key: str, text: Text, swap: Swap) -> Text:
    use = swap(str(text.parts[0]), key, "", False) if text.parts else None
    return text if use is None else Text((use,))


def _in_tree(key: str, value: Any, swap: Swap) -> Any:
    if isinstance(value, Mapping):
        return {name: _in_tree(name, item, swap) for name, item in value.items()}
    if isinstance(value, list):
        return [_in_tree(key, item, swap) for item in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    use = swap(str(value), key, "", isinstance(value, int))
    if use is None:
        return value
    return Text((use,)) if isinstance(value, str) else use
