"""Learns the secrets of a scenario by their places, so that they can be hidden by their values. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from perfkit.scaffold.script import Body, Step, Text
from perfkit.scaffold.secrecy.places import IN_RAW, SCHEME, key_below, literal_of, swap_in_path, swap_in_query
from perfkit.scaffold.secrecy.vault import Vault, is_secret_key


def learn_header(name: str, value: str, vault: Vault) -> None:
    """Learn what a header holds, when its name says that it is secret: the whole, and what follows "Bearer"."""
    if is_secret_key(name):
        vault.learn(value)
        vault.learn(SCHEME.sub("", value, count=1))


def learn_step(step: Step, vault: Vault) -> None:
    """Learn what the literal parts of a step hold."""
    learn_addresses([step.address], vault)
    for name, text in step.headers:
        if all(isinstance(part, str) for part in text.parts):
            learn_header(name, literal_of(text), vault)
    learn_body(step.body, vault)


def learn_addresses(addresses: Iterable[Text], vault: Vault) -> None:
    """Learn what the literal parts of addresses hold."""
    for address in addresses:
        for part in address.parts:
            if isinstance(part, str):
                learn_address(part, vault)


def learn_address(address: str, vault: Vault) -> None:
    """Learn what an address holds behind keys, and behind words like reset-password."""
    swap_in_query(address, lambda key, value: vault.learn(value) if is_secret_key(key) else None)
    swap_in_path(address, vault.learn)


def learn_body(body: Body | None, vault: Vault) -> None:
    """Learn what a body holds under keys."""
    for key, value in _leaves(body):
        if is_secret_key(key):
            vault.learn(value)


def _leaves(body: Body | None) -> Iterator[tuple[str, str]]:
    """(key, literal value) of a body; a value deep below a key counts as that key's."""
    if body is not None and body.kind == "raw":
        for part in body.value.parts:
            if isinstance(part, str):
                yield from ((hit["key"], hit["value"].strip()) for rule in IN_RAW for hit in rule.finditer(part))
    elif body is not None:
        trees = [{key: text} for key, text in body.value] if body.kind == "form" else [body.value]
        yield from (leaf for tree in trees for leaf in _leaves_of_tree(tree))


def _leaves_of_tree(tree: Any) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, Any]] = [("", tree)]
    while stack:
        key, value = stack.pop()
        if isinstance(value, dict):
            stack += ((key_below(key, inner), item) for inner, item in value.items())
        elif isinstance(value, list):
            stack += ((key, item) for item in value)
        elif isinstance(value, Text):
            yield key, literal_of(value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield key, str(value)
