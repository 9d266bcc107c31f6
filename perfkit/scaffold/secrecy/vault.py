"""Secrets: which keys hold them, and how none of them gets into a file. Each becomes an environment variable.

A secret is hidden by its place (the value of "password") and by its value, wherever else that turns up.
"""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final
from urllib.parse import quote, quote_plus

from perfkit.redact import MASK
from perfkit.scaffold.names import words_of
from perfkit.scaffold.script import Use, Variable

MIN_CHARACTERS: Final = 6  # a shorter secret is hidden in its place only: "1234" is in every other address
_WORDS: Final = frozenset(
    {
        *("password", "passwd", "pwd", "passphrase", "passcode", "secret", "token", "apikey", "authorization"),
        *("credential", "credentials", "otp", "totp", "pin", "cvv", "cvc", "jwt", "bearer", "signature", "sig"),
        *("sid", "sessionid", "jsessionid", "phpsessid", "session", "csrf", "xsrf", "nonce"),
    }
)
_PAIRS: Final = frozenset({("api", "key"), ("access", "key"), ("private", "key"), ("auth", "key"), ("client", "key")})
_INSIDE: Final = re.compile(r"passw|secret|apikey|csrf|xsrf", re.IGNORECASE)
_PERCENT: Final = re.compile("%[0-9A-F]{2}")
_JWT: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?")
_ONE_TIME: Final = re.compile(r"password|passwd|token|secret|invit|activat|verif|confirm|magic|reset|unsubscribe", re.I)


def is_secret_key(key: str) -> bool:
    """Whether what stands under a key, or in a header of that name, is nobody's business."""
    words = words_of(key[:200])
    has_word = not _WORDS.isdisjoint(words)
    return has_word or not _PAIRS.isdisjoint(pairwise(words)) or bool(_INSIDE.search(key[:200]))


def is_one_time(segment_before: str) -> bool:
    """Whether an id after this segment of a path is a secret: /reset-password/…, /invitations/…"""
    return bool(_ONE_TIME.search(segment_before))


class Vault:
    """The secrets of one source, and the environment variables that stand for them.

    Learn all of them first: a text that was concealed before a secret was learned may hold it.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.upper()
        self._secrets: set[str] = set()
        self._forms: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._names: dict[tuple[str, str], str] = {}
        self._name_of_value: dict[str, str] = {}
        self._variables: dict[str, Variable] = {}

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(self._variables.values())

    def learn(self, value: str) -> None:
        """From now on `value` is a secret everywhere."""
        if len(value.strip()) < MIN_CHARACTERS or value in self._secrets:
            return
        self._secrets.add(value)
        for form in set(_forms(value)):
            known = self._forms[form[:MIN_CHARACTERS]]
            known.append((form, value))
            known.sort(key=lambda pair: len(pair[0]), reverse=True)

    def use(self, field: str, value: str = "", what: str = "") -> Use:
        """The variable for a secret of that field; another value gets another variable."""
        self.learn(value)
        key = (field.lower(), value)
        if key not in self._names:
            name = self._new_name(field)
            self._names[key] = name
            self._variables[name] = Variable(name, what or f"what stands under {self.redact(field)[:60]!r}")
            if value:
                self._name_of_value.setdefault(value, name)
        return Use(self._names[key], "environment")

    def conceal(self, text: str) -> tuple[str | Use, ...]:
        """The text with a hole for every secret in it, also for one that is percent-encoded or escaped."""
        parts: list[str | Use] = []
        end = 0
        for start, stop, value in self._found_in(text):
            if start > end:
                parts.append(text[end:start])
            parts.append(self._use_of(value))
            end = stop
        if end < len(text):
            parts.append(text[end:])
        return tuple(parts)

    def holds_secret(self, text: str) -> bool:
        return next(self._found_in(text), None) is not None

    def redact(self, text: str) -> str:
        """A text for people, with *** for every secret in it."""
        end, shown = 0, []
        for start, stop, _ in self._found_in(text):
            shown += [text[end:start], MASK]
            end = stop
        return "".join([*shown, text[end:]])

    def _found_in(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where secrets are: start, end, and the secret itself. Of two that overlap the first, and there the longest.

        Looked up by their first characters: a recording may hold thousands, too many for one regular expression.
        """
        tokens = {found.start(): found[0] for found in _JWT.finditer(text)}
        at = 0
        while at < len(text):
            forms = self._forms.get(text[at : at + MIN_CHARACTERS], ())
            form, value = next((pair for pair in forms if text.startswith(pair[0], at)), ("", ""))
            if not form and at in tokens:
                form = value = tokens[at]
            if form:
                yield at, at + len(form), value
            at += len(form) or 1

    def _use_of(self, value: str) -> Use:
        name = self._name_of_value.get(value)
        return Use(name, "environment") if name else self.use("secret", value, "a secret of the source")

    def _new_name(self, field: str) -> str:
        words = re.findall(r"[A-Z0-9]+", "_".join(words_of(self.redact(field)[:60])).upper())
        stem = "_".join([self._prefix, *(words or ["SECRET"])])
        number, name = 1, stem
        while name in self._variables:
            number += 1
            name = f"{stem}_{number}"
        return name


def _forms(secret: str) -> Iterable[str]:
    """A secret as it is, percent-encoded in either case, and escaped as in JSON and HTML."""
    encoded = (quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace"))
    yield from (secret, *encoded, *(_PERCENT.sub(lambda found: found[0].lower(), form) for form in encoded))
    yield from (json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False))
    yield html.escape(secret)
