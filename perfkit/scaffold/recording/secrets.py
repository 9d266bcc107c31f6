"""Secrets of a recording that stand where no step will be: cookies, Basic passwords, headers of other hosts."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import unquote

from perfkit.scaffold import names
from perfkit.scaffold.recording.bodies import NotWritableError, body_of
from perfkit.scaffold.recording.exchange import Exchange
from perfkit.scaffold.secrecy.learn import learn_address, learn_body, learn_header
from perfkit.scaffold.secrecy.vault import Vault, is_secret_key

_LONG: Final = 12
_WORD: Final = re.compile(r"[A-Za-z]?[a-z]*(?:[-_.]?[a-z]+)*")
_OF_NO_USE: Final = re.compile(r"$|_ga|_gid|_gcl|_fbp|_hj|__utm|_pk_|amplitude|ajs_|intercom|optimizely", re.IGNORECASE)


def learn_exchange(exchange: Exchange, vault: Vault) -> None:
    """Learn what an exchange has of secrets, whether it becomes a step or not.

    This comes before values are correlated: a token that a reply told becomes a hole, and would be known no more.
    """
    for name, value in (*exchange.headers, *exchange.reply_headers):
        if name.lower() in ("cookie", "set-cookie"):
            pairs = value.split(";") if name.lower() == "cookie" else value.split(";")[:1]
            for pair in pairs:
                _learn_cookie(*pair.split("=", 1), vault=vault)
        else:
            learn_header(name, value, vault)
            _learn_basic(value, vault)
    for name, value in exchange.cookies:
        _learn_cookie(name, value, vault=vault)
    if exchange.url:
        vault.learn(exchange.url.password or "")
        learn_address(f"{exchange.url.path}?{exchange.url.query}", vault)
    with suppress(NotWritableError):
        learn_body(body_of(exchange), vault)


def _learn_cookie(name: str, value: str = "", *, vault: Vault) -> None:
    """Not every cookie is a secret: `lang=english` would take "english" out of every address."""
    plain = value.strip().strip('"')
    if is_secret_key(name.strip()) or len(plain) >= _LONG or not _WORD.fullmatch(plain):
        vault.learn(plain)
        vault.learn(unquote(plain))


def _learn_basic(value: str, vault: Vault) -> None:
    if value[:6].lower() == "basic ":
        try:
            credentials = base64.b64decode(value[6:], validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return
        vault.learn(credentials)
        vault.learn(credentials.partition(":")[2])


def cookies_from_before(exchanges: Sequence[Exchange]) -> list[str]:
    """Names of cookies that were sent before any reply set them, those of analytics left out."""
    sent: dict[str, None] = {}
    known: set[str] = set()
    for exchange in exchanges:
        for name, value in exchange.headers:
            if name.lower() == "cookie":
                pairs = (pair.partition("=")[0].strip() for pair in value.split(";"))
                sent |= dict.fromkeys(pair for pair in pairs if pair not in known and not _OF_NO_USE.match(pair))
        for name, value in exchange.reply_headers:
            if name.lower() == "set-cookie":
                known.add(value.partition("=")[0].strip())
    return [names.one_line(name)[:40] for name in sent]
