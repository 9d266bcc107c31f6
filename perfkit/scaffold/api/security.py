"""What an API asks to know its caller by, as headers, query and passwords that the environment holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from perfkit.scaffold import loose
from perfkit.scaffold.addresses import literal
from perfkit.scaffold.api import refs
from perfkit.scaffold.script import Auth, Text, Use
from perfkit.scaffold.secrecy.vault import Vault

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is added to a request; `cookies` are pieces of a Cookie header."""

    headers: tuple[tuple[str, Text], ...] = ()
    query: tuple[tuple[str, Use], ...] = ()
    cookies: tuple[tuple[str, Use], ...] = ()
    auth: Auth | None = None


def credentials_for(document: Mapping[str, Any], security: Any, vault: Vault) -> Credentials:
    """The first way in that is understood; none where the operation is open, or none is understood."""
    schemes = loose.table(loose.table(document.get("components")).get("securitySchemes"))
    for alternative in loose.tables(security):
        wanted = [refs.resolved(document, schemes.get(name)) for name in alternative]
        if all(map(_is_understood, wanted)):
            return _all_of(wanted, vault)
    return Credentials()


def _is_understood(scheme: Mapping[str, Any]) -> bool:
    if scheme.get("type") == "apiKey":
        return scheme.get("in") in ("header", "query", "cookie") and bool(
            _TOKEN.fullmatch(loose.text(scheme.get("name")))
        )
    return scheme.get("type") in ("http", "oauth2", "openIdConnect")


def _all_of(schemes: list[Mapping[str, Any]], vault: Vault) -> Credentials:
    headers: dict[str, Text] = {}
    places: dict[str, dict[str, Use]] = {"query": {}, "cookie": {}}
    auth: Auth | None = None
    for scheme in schemes:
        if scheme.get("type") == "apiKey":
            name, place = loose.text(scheme.get("name")), loose.text(scheme.get("in"))
            use = vault.use(name, what=f"API key, sent as the {place} {name}")
            if place == "header":
                headers[name] = Text((use,))
            else:
                places[place][literal(name) if place == "query" else name] = use
        elif scheme.get("type") == "http" and loose.text(scheme.get("scheme")).lower() == "basic":
            auth = (vault.use("user", what="user name"), vault.use("password", what="password"))
        else:
            headers["Authorization"] = Text(("Bearer ", vault.use("token", what="bearer token")))
    return Credentials(tuple(headers.items()), tuple(places["query"].items()), tuple(places["cookie"].items()), auth)
