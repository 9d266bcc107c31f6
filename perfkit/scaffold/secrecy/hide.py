"""Takes every secret out of what was imported, before anything is written: by its place, then by its value.

The one gate that all importers pass; what it lets through stands in the files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perfkit.scaffold.names import one_line
from perfkit.scaffold.script import Body, Imported, Mix, MixedRequest, Pick, Skipped, Step, Text, Use
from perfkit.scaffold.secrecy.leaks import without_leaks
from perfkit.scaffold.secrecy.learn import learn_addresses, learn_step
from perfkit.scaffold.secrecy.places import (
    IN_RAW,
    SCHEME,
    key_below,
    literal_of,
    swap_in_path,
    swap_in_query,
    swap_in_raw,
)
from perfkit.scaffold.secrecy.vault import Vault, is_secret_key


def hidden(imported: Imported, vault: Vault) -> Imported:
    """The same without secrets; `vault` knows those that the importer itself came across."""
    load = imported.load
    if isinstance(load, Mix):
        learn_addresses((address for request in load.requests for address in request.addresses), vault)
        load = replace(load, requests=tuple(_hide_request(request, vault) for request in load.requests))
    else:
        for step in load.steps:
            learn_step(step, vault)
        load = replace(load, steps=tuple(_hide_step(step, vault) for step in without_leaks(load.steps, vault)))
    return replace(
        imported,
        slug="imported" if vault.holds_secret(imported.slug) else imported.slug,
        origin=_shown(imported.origin, vault),
        url=None if imported.url and vault.holds_secret(imported.url) else imported.url,
        load=load,
        variables=vault.variables,
        skipped=tuple(Skipped(_shown(one.name, vault), _shown(one.reason, vault)) for one in imported.skipped),
        notes=tuple(_shown(note, vault) for note in imported.notes),
    )


def _shown(text: str, vault: Vault) -> str:
    """A text for people."""
    return one_line(vault.redact(text))


def _hide_step(step: Step, vault: Vault) -> Step:
    return replace(
        step,
        name=vault.redact(step.name),
        address=_hide_address(step.address, vault),
        headers=_hide_headers(step.headers, vault),
        body=step.body and Body(step.body.kind, _hide_body(step.body, vault)),
        picks=tuple(_hide_pick(pick, vault) for pick in step.picks),
    )


def _hide_request(request: MixedRequest, vault: Vault) -> MixedRequest:
    addresses = tuple(_hide_address(address, vault) for address in request.addresses)
    return replace(request, name=vault.redact(request.name), addresses=addresses)


def _hide_pick(pick: Pick, vault: Vault) -> Pick:
    return replace(
        pick,
        address=_hide_address(pick.address, vault),
        list_name=vault.redact(pick.list_name),
        headers=_hide_headers(pick.headers, vault),
        otherwise=_hide_tree("", pick.otherwise, vault),
    )


def _hide_address(address: Text, vault: Vault) -> Text:
    def by_key(key: str, value: str) -> Use | None:
        return vault.use(key, value) if is_secret_key(key) else None

    def one_time(value: str) -> Use:
        return vault.use("one_time_token", value, "what stood in an address that works once")

    parts: list[str | Use] = []
    for part in address.parts:
        for piece in swap_in_query(part, by_key) if isinstance(part, str) else [part]:
            for bit in swap_in_path(piece, one_time) if isinstance(piece, str) else [piece]:
                parts += vault.conceal(bit) if isinstance(bit, str) else [bit]
    return Text(tuple(parts))


def _hide_headers(headers: tuple[tuple[str, Text], ...], vault: Vault) -> tuple[tuple[str, Text], ...]:
    return tuple((name, _hide_header(name, text, vault)) for name, text in headers if not vault.holds_secret(name))


def _hide_header(name: str, text: Text, vault: Vault) -> Text:
    literal = literal_of(text)
    if not is_secret_key(name) or len(text.parts) != 1 or not literal:
        return _concealed(text, vault)
    scheme = SCHEME.match(literal)
    field = "token" if scheme and name.lower() == "authorization" else name
    use = vault.use(field, SCHEME.sub("", literal, count=1), f"what follows in the header {name}")
    return Text((scheme[0], use) if scheme else (use,))


def _concealed(text: Text, vault: Vault) -> Text:
    parts: list[str | Use] = []
    for part in text.parts:
        parts += vault.conceal(part) if isinstance(part, str) else [part]
    return Text(tuple(parts))


def _hide_body(body: Body, vault: Vault) -> Any:
    if body.kind == "form":
        return tuple((vault.redact(key), _hide_tree(key, text, vault)) for key, text in body.value)
    if body.kind == "json":
        return _hide_tree("", body.value, vault)
    return _hide_raw(body.value, vault)


def _hide_raw(text: Text, vault: Vault) -> Text:
    parts: list[str | Use] = list(text.parts)
    for rule in IN_RAW:
        pieces: list[str | Use] = []
        for part in parts:
            pieces += swap_in_raw(part, rule, vault.use) if isinstance(part, str) else [part]
        parts = pieces
    return _concealed(Text(tuple(parts)), vault)


def _hide_tree(key: str, value: Any, vault: Vault) -> Any:
    if isinstance(value, dict):
        return {vault.redact(inner): _hide_tree(key_below(key, inner), item, vault) for inner, item in value.items()}
    if isinstance(value, list):
        return [_hide_tree(key, item, vault) for item in value]
    if isinstance(value, Text):
        literal = literal_of(value)
        is_whole = len(value.parts) == 1 and bool(literal)
        return Text((vault.use(key, literal),)) if is_whole and is_secret_key(key) else _concealed(value, vault)
    if value is None or isinstance(value, bool | Use) or value == "":
        return value
    if is_secret_key(key):
        return replace(vault.use(key, str(value)), is_number=isinstance(value, int))
    parts = vault.conceal(str(value))
    if isinstance(value, str) or not _is_literal(parts):
        return _string(parts)
    return value


def _string(parts: tuple[str | Use, ...]) -> Any:
    """A string, or a text with holes where it had secrets."""
    return "".join(part for part in parts if isinstance(part, str)) if _is_literal(parts) else Text(parts)


def _is_literal(parts: tuple[str | Use, ...]) -> bool:
    return all(isinstance(part, str) for part in parts)
