"""Where secrets stand: behind keys in a query, in raw bodies, in a path behind a word like reset-password.

Knows the places; what is put in place of a secret others say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote, unquote_plus

from perfkit.scaffold.script import Text, Use
from perfkit.scaffold.secrecy.vault import is_one_time, is_secret_key

SCHEME: Final = re.compile(r"(?i:Bearer|Basic|Token|Digest|ApiKey|JWT)\s+")
# (key, value) pairs as they stand in texts: in a query, in XML and key=value bodies, in a multipart body.
_IN_QUERY: Final = re.compile(r"(?<=[?&;])(?P<key>[^=&;?]{1,200})=(?P<value>[^&;]+)")
IN_RAW: Final = (
    re.compile(
        r"""(?P<key>[\w.-]{0,40}(?:passw|passphrase|pwd|secret|token|api_?key|authorization)[\w.-]{0,40})"""
        r"""(?:[^<>"']{0,200}>|\\?["']?\s{0,20}[:=]\s{0,20}\\?["']?)(?P<value>[^"'&<>,;}\\\r\n]+)""",
        re.IGNORECASE,
    ),
    re.compile(
        r'name="(?P<key>[^"\r\n]{1,200})"[^\r\n]{0,400}(?:\r?\n[^\r\n]{1,400}){0,5}\r?\n\r?\n(?P<value>[^\r\n]+)'
    ),
)


def literal_of(text: Text) -> str:
    return "".join(part for part in text.parts if isinstance(part, str))


def key_below(key: str, inner: str) -> str:
    """What stands below a secret key is secret, whatever it is called."""
    return key if is_secret_key(key) and not is_secret_key(inner) else inner


def swap_in_query(text: str, swap: Callable[[str, str], Use | None]) -> list[str | Use]:
    found = ((hit, swap(unquote_plus(hit["key"]), unquote_plus(hit["value"]))) for hit in _IN_QUERY.finditer(text))
    return pieces_of(text, [(hit.start("value"), hit.end("value"), use) for hit, use in found if use])


def swap_in_path(text: str, swap: Callable[[str], Use | None]) -> list[str | Use]:
    """An opaque segment after one that speaks of passwords or invitations is a key to somebody's account."""
    path = text.partition("?")[0]
    spans, at, before = [], 0, ""
    for segment in path.split("/"):
        is_opaque = len(segment) >= 8 and any(letter.isdigit() for letter in segment)
        if is_opaque and is_one_time(before) and (use := swap(unquote(segment))):
            spans.append((at, at + len(segment), use))
        at, before = at + len(segment) + 1, segment
    return pieces_of(text, spans)


def pieces_of(text: str, spans: list[tuple[int, int, Use]]) -> list[str | Use]:
    pieces: list[str | Use] = []
    end = 0
    for start, stop, use in spans:
        pieces += [text[end:start], use]
        end = stop
    return [piece for piece in [*pieces, text[end:]] if piece != ""]


def swap_in_raw(text: str, rule: re.Pattern[str], swap: Callable[[str, str], Use]) -> list[str | Use]:
    hits = [hit for hit in rule.finditer(text) if is_secret_key(hit["key"]) and hit["value"].strip()]
    return pieces_of(text, [(hit.start("value"), hit.end("value"), swap(hit["key"], hit["value"])) for hit in hits])
