"""The ids that an operation needs, in its path and in its body: from the API's own lists, else made up.

Knows when a list is meant; what a list's rows are called is picks.py's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from urllib.parse import unquote

from perfkit.scaffold import addresses, names
from perfkit.scaffold.api import called, declared, picks
from perfkit.scaffold.api.declared import Operation
from perfkit.scaffold.api.sample import Sampler
from perfkit.scaffold.api.security import Credentials, credentials_for
from perfkit.scaffold.api.underivable import UnderivableError
from perfkit.scaffold.recording.told import stems
from perfkit.scaffold.script import Pick, Text, Use
from perfkit.scaffold.secrecy.vault import Vault

_ID: Final = re.compile(r"\w*[a-z0-9](?:_id|Id|_uuid|Uuid)")


@dataclass(frozen=True, slots=True)
class Api:
    """The document and what is needed to make requests out of it. `base` is what all paths begin with.

    `lists` are the GET operations by path; `things` those without holes, by what they list ("customer").
    """

    document: Mapping[str, Any]
    base: str
    lists: Mapping[str, Operation]
    things: Mapping[frozenset[str], Operation]
    sampler: Sampler
    vault: Vault


def open_api(document: Mapping[str, Any], base: str, operations: list[Operation], vault: Vault) -> Api:
    """The document, ready to be asked."""
    lists = {one.path: one for one in operations if one.method == "get"}
    plain = [one for one in reversed(lists.values()) if "{" not in one.path]
    things = {stems(one.path.rstrip("/").rpartition("/")[2]): one for one in plain}
    return Api(document, base, lists, things, Sampler(document, vault), vault)


def said(known: Api, operation: Operation) -> tuple[called.Headers, tuple[str | Use, ...], Credentials]:
    """Headers, query and credentials of an operation."""
    credentials = credentials_for(known.document, operation.security, known.vault)
    own = called.headers_of(known.document, operation, known.sampler)
    query = [*called.query_of(known.document, operation, known.sampler)]
    for name, use in credentials.query:
        query += ["&" if query else "?", f"{name}=", use]
    cookies: list[str | Use] = [part for name, text in own if name == "Cookie" for part in (*text.parts, "; ")]
    for name, use in credentials.cookies:
        cookies += [f"{name}=", use, "; "]
    headers = dict(credentials.headers) | {name: text for name, text in own if name != "Cookie"}
    if cookies:
        headers["Cookie"] = Text(tuple(cookies[:-1]))
    return tuple(headers.items()), tuple(query), credentials


def path_of(known: Api, operation: Operation) -> tuple[tuple[str | Use, ...], tuple[Pick, ...]]:
    """The path with its holes filled: by an id that the list before the hole holds, else by what is made up."""
    parts: list[str | Use] = [known.base] if known.base else []
    chosen: list[Pick] = []
    end = 0
    for hole in declared.HOLE.finditer(operation.path):
        parts.append(addresses.encoded(operation.path[end : hole.start()]))
        otherwise = called.value_in_path(known.document, operation, hole[1], known.sampler)
        pick = _pick(known, operation, hole, tuple(parts), otherwise, chosen)
        if pick is None:
            parts.append(otherwise if isinstance(otherwise, Use) else addresses.literal(otherwise))
        else:
            chosen.append(pick)
            parts.append(Use(pick.name, "picked"))
        end = hole.end()
    parts.append(addresses.encoded(operation.path[end:]))
    return tuple(part for part in parts if part != ""), tuple(chosen)


def _pick(
    known: Api,
    operation: Operation,
    hole: re.Match[str],
    before: tuple[str | Use, ...],
    otherwise: Any,
    chosen: list[Pick],
) -> Pick | None:
    """An id from the list at the path before the hole, when the hole is a whole segment of the path."""
    path = operation.path
    listing = known.lists.get(path[: hole.start()].rstrip("/"))
    is_segment = path[hole.start() - 1] == "/" and path[hole.end() : hole.end() + 1] in ("", "/")
    if listing is None or not is_segment or picks.is_chosen(known.document, operation, hole[1]):
        return None
    last = before[-1]
    address = (*before[:-1], *([last.rstrip("/")] if isinstance(last, str) else [last]))
    return _pick_from(known, listing, address, hole[1], otherwise, chosen)


def _pick_from(
    known: Api, listing: Operation, path: tuple[str | Use, ...], key: str, otherwise: Any, chosen: list[Pick]
) -> Pick | None:
    keys = picks.keys_of_rows(known.document, listing, key)
    if not keys:
        return None
    try:
        headers, query, credentials = said(known, listing)
    except UnderivableError:
        return None
    thing = " ".join(sorted(stems(listing.path.rstrip("/").rpartition("/")[2])))
    name = names.identifier(key if stems(key) else f"{thing} {key}", {pick.name for pick in chosen})
    list_name = names.one_line(listing.name)[: names.LONGEST_NAME]
    return Pick(name, Text((*path, *query)), list_name, keys, otherwise, headers, credentials.auth)


class Ids:
    """Picks that a request needs, each key's once."""

    def __init__(self, known: Api, chosen: tuple[Pick, ...]) -> None:
        self._known = known
        self._chosen = list(chosen)
        self._by_key = {pick.name: Use(pick.name, "picked") for pick in chosen}

    @property
    def picks(self) -> tuple[Pick, ...]:
        return tuple(self._chosen)

    def id_for(self, key: str, value: Any) -> Use | None:
        """A customer for "customer_id" where the API lists customers; `value` is for an empty list."""
        if not _ID.fullmatch(key) or isinstance(value, bool) or not isinstance(value, str | int):
            return None
        listing = self._known.things.get(stems(key))
        if listing is not None and key not in self._by_key:
            path = (self._known.base + addresses.encoded(listing.path.rstrip("/")),)
            if pick := _pick_from(self._known, listing, path, key, value, self._chosen):
                self._chosen.append(pick)
                self._by_key[key] = Use(pick.name, "picked")
        return self._by_key.get(key)

    def in_body(self, value: Any) -> Any:
        """A JSON value with its ids picked."""
        if isinstance(value, dict):
            return {key: self.id_for(key, item) or self.in_body(item) for key, item in value.items()}
        return [self.in_body(item) for item in value] if isinstance(value, list) else value

    def in_query(self, query: tuple[str | Use, ...]) -> tuple[str | Use, ...]:
        """The parts of a query ("?", "customer_id=", "1") with their ids picked."""
        found = list(query)
        for at, (part, value) in enumerate(pairwise(query), 1):
            if isinstance(part, str) and part.endswith("=") and isinstance(value, str):
                found[at] = self.id_for(part[:-1], unquote(value)) or value
        return tuple(found)
